/**
 * What the page shows, as it stands in the URL. Everything that a link must say is here and nothing else: no cookie,
 * no storage.
 *
 *     /?v=1&view=table&query=shop{host="a"}&from=-1h&do=focus:parse(json)&do=invert
 *
 * `v` is the version of this language. Links without it are older than versions, and are read as they always were:
 * `/?from=-15minutes` is the flame graph of the busiest service.
 */
export interface ViewState {
  readonly view: ViewName;
  /** Selector as the API takes it. '' is all services; undefined lets the page choose one. */
  readonly query: string | undefined;
  /** Profile type; undefined lets the page choose: CPU time where there is any. */
  readonly type: string | undefined;
  /** Dates as the API takes them, relative ones kept relative: a link to "-15minutes" stays live. */
  readonly from: string;
  readonly until: string;
  /** Label that the timeline is split by. */
  readonly by: string;
  /** Path id of the box that is zoomed into; '' is the whole graph. */
  readonly focus: string;
  readonly search: string;
  /** Function that is looked at across all of its places, as `function(module)`. */
  readonly fn: string;
  /** What was done to the picture, one after another; see transform.ts in packages/profile. */
  readonly do: readonly string[];
  /** What boxes are coloured by. */
  readonly colour: Colour;
  /** Root at the foot. */
  readonly flip: boolean;
  /** Call tree from the functions that used the time, upwards. */
  readonly up: boolean;
  /** Column of a table, with `-` in front where the smallest comes first. */
  readonly sort: string;
  /** The other side of a comparison; undefined is the same selector, or range, as this side. */
  readonly base: string | undefined;
  readonly baseFrom: string | undefined;
  readonly baseUntil: string | undefined;
  /** Shares are compared in place of values. */
  readonly relative: boolean;
  /** Both sides of a comparison beside one another, in place of one over the other. */
  readonly beside: boolean;
  /** Name of the file that is shown in place of what is stored. */
  readonly file: string;
  readonly theme: Theme;
  /** IANA time zone; '' is the browser's. */
  readonly tz: string;
}

/** Views of what one selection has. */
export const PICTURES = ['flame', 'table', 'sandwich', 'tree', 'diff', 'profiles'] as const;
export const VIEWS = [...PICTURES, 'home', 'fleet', 'open'] as const;
export type ViewName = (typeof VIEWS)[number];
export const COLOURS = ['module', 'function', 'self'] as const;
export type Colour = (typeof COLOURS)[number];
export const THEMES = ['', 'light', 'dark', 'contrast'] as const;
export type Theme = (typeof THEMES)[number];

export const URL_VERSION = 1;

export const DEFAULT_VIEW: ViewState = {
  view: 'flame',
  query: undefined,
  type: undefined,
  from: '-15minutes',
  until: 'now',
  by: '',
  focus: '',
  search: '',
  fn: '',
  do: [],
  colour: 'module',
  flip: false,
  up: false,
  sort: '',
  base: undefined,
  baseFrom: undefined,
  baseUntil: undefined,
  relative: false,
  beside: false,
  file: '',
  theme: '',
  tz: '',
};

/** The address without anything is the list of all services, over an hour. */
export const HOME_VIEW: ViewState = { ...DEFAULT_VIEW, view: 'home', from: '-1h' };

/** Never fails: what a link gets wrong is as if it were not said, or is answered by the server. */
export function parseView(search: string): ViewState {
  const params = new URLSearchParams(search);
  const said = [...params.keys()].filter((name) => name !== 'v' && name !== 'theme' && name !== 'tz');
  const otherwise = said.length === 0 ? HOME_VIEW : DEFAULT_VIEW;
  const focus = params.get('focus') ?? '';
  const view = oneOf(VIEWS, params.get('view'), otherwise.view);
  return {
    view,
    query: params.get('query') ?? undefined,
    type: params.get('type') || undefined,
    from: params.get('from') || (view === 'home' || view === 'fleet' ? HOME_VIEW.from : otherwise.from),
    until: params.get('until') || otherwise.until,
    by: params.get('by') ?? '',
    focus: /^[0-9a-f]{16}$/.test(focus) ? focus : '',
    search: params.get('search') ?? '',
    fn: params.get('fn') ?? '',
    do: params.getAll('do').filter(Boolean),
    colour: oneOf(COLOURS, params.get('colour'), DEFAULT_VIEW.colour),
    flip: params.get('root') === 'foot',
    up: params.get('up') === '1',
    sort: params.get('sort') ?? '',
    base: params.get('base') ?? undefined,
    baseFrom: params.get('base-from') || undefined,
    baseUntil: params.get('base-until') || undefined,
    relative: params.get('relative') === '1',
    beside: params.get('beside') === '1',
    file: params.get('file') ?? '',
    theme: oneOf(THEMES, params.get('theme'), ''),
    tz: zone(params.get('tz') ?? ''),
  };
}

/** Version that a link says it was written in, where it is one that this page does not know. */
export function newerVersion(search: string): number | undefined {
  const said = Number(new URLSearchParams(search).get('v') ?? 0);
  return said > URL_VERSION ? said : undefined;
}

/** The query string for a view, with `?`; what is as by default is left out, except `from`, which every link says. */
export function formatView(view: ViewState): string {
  const parts: string[] = [];
  const put = (name: string, value: string | undefined) => {
    if (value) parts.push(readable(name, value));
  };
  put('v', String(URL_VERSION));
  if (view.view !== DEFAULT_VIEW.view) put('view', view.view);
  if (view.query !== undefined) parts.push(readable('query', view.query));
  put('type', view.type);
  put('from', view.from);
  if (view.until !== DEFAULT_VIEW.until) put('until', view.until);
  put('by', view.by);
  if (view.base !== undefined) parts.push(readable('base', view.base));
  put('base-from', view.baseFrom);
  put('base-until', view.baseUntil);
  if (view.relative) put('relative', '1');
  if (view.beside) put('beside', '1');
  put('fn', view.fn);
  for (const one of view.do) put('do', one);
  if (view.up) put('up', '1');
  put('sort', view.sort);
  if (view.colour !== DEFAULT_VIEW.colour) put('colour', view.colour);
  if (view.flip) put('root', 'foot');
  put('focus', view.focus);
  put('search', view.search);
  put('file', view.file);
  put('theme', view.theme);
  put('tz', view.tz);
  return `?${parts.join('&')}`;
}

function oneOf<T extends string>(known: readonly T[], said: string | null, otherwise: T): T {
  return known.find((one) => one === said) ?? otherwise;
}

/** A zone that the browser knows; else its own. */
function zone(name: string): string {
  try {
    if (name) new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return name;
  } catch {
    return '';
  }
}

/** `name=value`, encoded but for what a query string may hold as it is: people read, write and paste these links. */
function readable(name: string, value: string): string {
  return new URLSearchParams([[name, value]])
    .toString()
    .replace(/%(3A|2F|2C|3D|40|7B|7D|3F|24|28|29)/g, (code) => decodeURIComponent(code));
}
