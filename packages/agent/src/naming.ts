import { basename, dirname } from 'node:path';
import type { Logger } from './log.ts';

/**
 * Names that a server accepts: the service, its labels, and the two written as one `name` parameter. The server refuses
 * a push with a bad label name, and a refused push is never tried again; so what does not fit is made to fit here,
 * once, and said.
 */
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_.]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go.
const NOT_IN_SERVICE_NAME = /[\x00-\x1f\x7f{}",=\\]/g;
const NEEDS_QUOTES = /[,{}"\\]|^\s|\s$/;

export function cleanServiceName(name: string, logger: Logger): string {
  const clean = name.replace(NOT_IN_SERVICE_NAME, '_').trim() || 'node';
  if (clean !== name)
    logger.warn(`the service name ${JSON.stringify(name)} is not usable as it stands, ${clean} is used`);
  return clean;
}

/** The program's own name, for those who gave none: its file, or its folder where the file says nothing. */
export function guessServiceName(script = process.argv[1] ?? ''): string {
  const name = basename(script).replace(/\.[cm]?[jt]s$/, '');
  const says = name !== '' && !['index', 'main', 'server', 'app', 'start'].includes(name);
  const folder = basename(dirname(script));
  if (says || folder === '' || folder === '.') return name || 'node';
  // src/, dist/ and their like say no more than index.js does.
  return ['src', 'dist', 'build', 'lib', 'out', 'bin'].includes(folder)
    ? basename(dirname(dirname(script))) || name
    : folder;
}

export function cleanLabels(
  labels: Readonly<Record<string, string>>,
  logger: Logger,
): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) {
    let fitting = name;
    if (!LABEL_NAME.test(name)) {
      fitting = name.replace(/[^a-zA-Z0-9_.]/g, '_');
      if (!LABEL_NAME.test(fitting)) fitting = `_${fitting}`;
      logger.warn(`the label name ${JSON.stringify(name)} is not usable as it stands, ${fitting} is used`);
    }
    clean[fitting] = value;
  }
  return clean;
}

/** `service{label=value,other="a, b"}` */
export function formatName(serviceName: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${quoted(value)}`);
  return `${serviceName}{${pairs.join(',')}}`;
}

function quoted(value: string): string {
  return NEEDS_QUOTES.test(value) ? `"${value.replace(/[\\"]/g, '\\$&')}"` : value;
}
