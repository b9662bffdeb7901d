import { SERVICE_LABEL } from '@everflame/profile';
import { UserError } from '../base/user-error.ts';
import type { Matcher, MatchOperator } from '../store/filter.ts';

/** Which profiles are asked for: conditions on the service, conditions on other labels. */
export interface Selector {
  readonly services: readonly Matcher[];
  readonly labels: readonly Matcher[];
}

/** Everflame's own profiles, which "everything" leaves out unless they are asked for. */
export const OWN_SERVICE = 'everflame';

const EVERYTHING: Selector = Object.freeze({
  services: [{ label: SERVICE_LABEL, operator: '!=', value: OWN_SERVICE } as const],
  labels: [],
});

const MATCHER = /\s*([A-Za-z_][A-Za-z0-9_.]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*/y;

/**
 * Parses `service{label="value", other!="x", third=~"re.*", fourth!~"re"}`; the service or the braces may be left out,
 * and `{service_name="x"}` is the same as `x`. Nothing at all selects every service but Everflame's own.
 *
 * @throws UserError `bad_selector`
 */
export function parseSelector(text: string): Selector {
  const trimmed = text.trim();
  if (trimmed === '') return EVERYTHING;
  if (trimmed.length > 10_000) throw bad('it is longer than 10,000 characters');
  const brace = trimmed.indexOf('{');
  const service = (brace < 0 ? trimmed : trimmed.slice(0, brace)).trim();
  const services: Matcher[] = [];
  const labels: Matcher[] = [];
  if (service) services.push({ label: SERVICE_LABEL, operator: '=', value: service });
  if (brace < 0) return { services, labels };

  let at = brace + 1;
  while (trimmed[skipSpace(trimmed, at)] !== '}') {
    MATCHER.lastIndex = at;
    const match = MATCHER.exec(trimmed);
    if (!match) throw bad(`expected label="value" (operators =, !=, =~, !~) at character ${at + 1}`);
    const [, label, operator, value] = match;
    const matcher = { label, operator: operatorOf(operator), value: value.replace(/\\(.)/gs, '$1') };
    const isService = label === SERVICE_LABEL || label === 'service';
    (isService ? services : labels).push({ ...matcher, label: isService ? SERVICE_LABEL : label });
    at = MATCHER.lastIndex;
    if (trimmed[at] === ',') at++;
    else if (trimmed[at] !== '}') throw bad(`expected , or } at character ${at + 1}`);
  }
  if (trimmed.slice(skipSpace(trimmed, at) + 1).trim()) throw bad('something follows the closing brace');
  if (services.length + labels.length > 50) throw bad('more than 50 conditions');
  return { services, labels };
}

function operatorOf(text: string): MatchOperator {
  return text === '=' || text === '!=' || text === '=~' ? text : '!~';
}

function skipSpace(text: string, at: number): number {
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n') at++;
  return at;
}

function bad(what: string): UserError {
  return new UserError(
    'bad_selector',
    `query: ${what}. Write it as service{label="value", other!="x", third=~"re.*"}.`,
    {
      parameter: 'query',
    },
  );
}
