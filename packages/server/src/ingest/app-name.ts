import { isLabelName } from '@everflame/profile';
import { UserError } from '../base/user-error.ts';

/** What `name=service{label=value,…}` says. */
export interface AppName {
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `__name__`, which names the profile type where the format cannot (Go's block and mutex profiles). */
  readonly profileName: string | undefined;
}

const MAX_SERVICE = 200;
const MAX_LABELS = 64;
const MAX_VALUE = 2048;

/**
 * Parses the name of a push: the service, then labels in braces. A value may stand in double quotes, with `\"` and
 * `\\` inside, where it holds a comma, a brace or a quote; Pyroscope's SDKs, which know no quotes, are read as they
 * write. Labels that start with two underscores are notes between Pyroscope's parts and are left out.
 *
 * @throws UserError `bad_name`
 */
export function parseAppName(text: string): AppName {
  const brace = text.indexOf('{');
  const service = (brace < 0 ? text : text.slice(0, brace)).trim();
  const labels: Record<string, string> = {};
  let profileName: string | undefined;
  if (brace >= 0) {
    for (const [name, value] of parseLabels(text, brace + 1)) {
      if (name === '__name__') profileName = value || undefined;
      else if (name.startsWith('__')) continue;
      else if (name === 'service_name') throw bad('service_name stands before the braces, not in them');
      else if (value !== '') labels[name] = value;
    }
  }
  if (!service) throw bad('the service is missing: write name=service or name=service{label=value}');
  if (service.length > MAX_SERVICE) throw bad(`the service is longer than ${MAX_SERVICE} characters`);
  if (hasControlCharacters(service)) throw bad('the service holds a control character');
  if (Object.keys(labels).length > MAX_LABELS) throw bad(`more than ${MAX_LABELS} labels`);
  return { service, labels, profileName };
}

function* parseLabels(text: string, start: number): Generator<[name: string, value: string]> {
  let at = start;
  for (;;) {
    at = skipSpace(text, at);
    if (text[at] === '}') break;
    const equals = text.indexOf('=', at);
    if (equals < 0) throw bad(`expected label=value or } at character ${at + 1}`);
    const name = text.slice(at, equals).trim();
    if (!isLabelName(name)) {
      throw bad(
        `${JSON.stringify(name)} is no label name: letters, digits, _ and ., not starting with a digit`,
      );
    }
    const [value, end] = parseValue(text, skipSpace(text, equals + 1));
    if (value.length > MAX_VALUE) throw bad(`the value of ${name} is longer than ${MAX_VALUE} characters`);
    yield [name, value];
    at = skipSpace(text, end);
    if (text[at] === ',') at++;
    else if (text[at] !== '}') throw bad(`expected , or } at character ${at + 1}`);
  }
  if (text.slice(at + 1).trim()) throw bad('something follows the closing brace');
}

function parseValue(text: string, start: number): [value: string, end: number] {
  if (text[start] !== '"') {
    let end = start;
    while (end < text.length && text[end] !== ',' && text[end] !== '}') end++;
    if (end === text.length) throw bad('the closing brace is missing');
    return [text.slice(start, end).trim(), end];
  }
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return [value, at + 1];
    if (text[at] === '\\') at++;
    value += text[at] ?? '';
  }
  throw bad('a closing quote is missing');
}

function skipSpace(text: string, at: number): number {
  while (text[at] === ' ') at++;
  return at;
}

function hasControlCharacters(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 32) return true;
  return false;
}

function bad(what: string): UserError {
  return new UserError('bad_name', `name: ${what}.`, { parameter: 'name' });
}
