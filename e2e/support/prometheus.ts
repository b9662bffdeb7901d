const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\n"])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)?\\})? (\\S+)$`);

export interface Metrics {
  /** Names, with their types. */
  readonly types: ReadonlyMap<string, string>;
  /** Of the sample with these labels, whatever others it has; samples that fit are summed. 0 where there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
  readonly samples: readonly { name: string; labels: Record<string, string>; value: number }[];
}

/**
 * Reads Prometheus' text format, version 0.0.4, strictly: every sample belongs to a family with HELP and TYPE above it,
 * families are not torn apart, no sample is there twice, histograms are cumulative and end with +Inf.
 */
export function parseMetrics(text: string): Metrics {
  const types = new Map<string, string>();
  const samples: { name: string; labels: Record<string, string>; value: number }[] = [];
  const seen = new Set<string>();
  let help = '';
  let family = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, what, name, rest] = comment;
      if (what === 'HELP') help = name;
      else if (help !== name) throw new Error(`no HELP above ${line}`);
      else if (types.has(name)) throw new Error(`twice: ${line}`);
      else types.set(name, rest);
      family = name;
      continue;
    }
    const match = SAMPLE.exec(line);
    if (!match) throw new Error(`no sample: ${line}`);
    const [, name, written = '', value] = match;
    const base = types.get(family) === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') : name;
    if (base !== family && !(types.get(family) === 'summary'))
      throw new Error(`${name} stands beneath ${family}`);
    if (seen.has(name + written)) throw new Error(`twice: ${line}`);
    seen.add(name + written);
    const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
    if (Number.isNaN(number) && value !== 'Nan' && value !== 'NaN') throw new Error(`no number: ${line}`);
    const labels = [...written.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, key, of]) => [
      key,
      of,
    ]);
    samples.push({ name, labels: Object.fromEntries(labels), value: number });
  }
  checkHistograms(types, samples);
  return {
    types,
    samples,
    value: (name, labels = {}) =>
      samples
        .filter((one) => one.name === name)
        .filter((one) => Object.entries(labels).every(([key, of]) => one.labels[key] === of))
        .reduce((sum, one) => sum + one.value, 0),
  };
}

function checkHistograms(types: ReadonlyMap<string, string>, samples: Metrics['samples']): void {
  const last = new Map<string, { le: number; value: number }>();
  for (const { name, labels, value } of samples) {
    if (types.get(name.replace(/_bucket$/, '')) !== 'histogram' || labels.le === undefined) continue;
    const { le, ...rest } = labels;
    const key = name + JSON.stringify(rest);
    const before = last.get(key);
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
    if (before && (before.le >= bound || before.value > value))
      throw new Error(`not cumulative: ${key} ${le}`);
    last.set(key, { le: bound, value });
  }
  for (const [key, { le }] of last) if (le !== Number.POSITIVE_INFINITY) throw new Error(`no +Inf: ${key}`);
}
