import { isLabelName } from '@everflame/profile';
import { ConfigError } from './config-error.ts';

/** `key=value` pairs of a command line as labels. @throws ConfigError */
export function readLabels(pairs: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const pair of pairs) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined || !isLabelName(name) || name === 'service_name') {
      throw new ConfigError(`label: ${JSON.stringify(pair)} is no label. Write --label key=value.`);
    }
    labels[name] = value;
  }
  return labels;
}
