/** A selector taken apart as far as the page edits it: the service, and the matchers inside the braces as text. */
export interface Selector {
  /** '' where the selector names no service. */
  readonly service: string;
  /** `host="a",env!="test"`; '' where there are none. */
  readonly matchers: string;
}

const NAMED_INSIDE = /(^|,)\s*service_name\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/;

/**
 * Reads `service`, `service{matchers}` and `{service_name="service",matchers}`; anything else is left to the server,
 * as matchers without a service.
 */
export function parseSelector(query: string): Selector {
  const text = query.trim();
  const brace = text.indexOf('{');
  if (brace < 0) return { service: text, matchers: '' };
  if (!text.endsWith('}')) return { service: '', matchers: text };
  const service = text.slice(0, brace).trim();
  const matchers = text.slice(brace + 1, -1).trim();
  const inside = service === '' ? NAMED_INSIDE.exec(matchers) : null;
  if (!inside) return { service, matchers };
  return {
    service: inside[2].replace(/\\(.)/g, '$1'),
    matchers: matchers.replace(NAMED_INSIDE, (_all, before: string, _name, after: string) => before && after),
  };
}

/** A service whose name is no plain word is named inside the braces, quoted. */
export function formatSelector({ service, matchers }: Selector): string {
  if (/^[\w.:/-]*$/.test(service)) return matchers ? `${service}{${matchers}}` : service;
  return `{${[`service_name=${quote(service)}`, matchers].filter(Boolean).join(',')}}`;
}

/** `query` narrowed to one value of a label. */
export function withLabel(query: string, label: string, value: string): string {
  const { service, matchers } = parseSelector(query);
  return formatSelector({
    service,
    matchers: [matchers, `${label}=${quote(value)}`].filter(Boolean).join(','),
  });
}

function quote(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** `query` without what it says of a label. */
export function withoutLabel(query: string, label: string): string {
  const { service, matchers } = parseSelector(query);
  return formatSelector({
    service,
    matchers: splitMatchers(matchers)
      .filter((one) => !new RegExp(`^\\s*${label}\\s*(=~|!~|!=|=)`).test(one))
      .join(','),
  });
}

/** The matchers of a selector, one by one; a comma in quotes is none between them. */
export function splitMatchers(matchers: string): string[] {
  return matchers.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
}
