/**
 * What the page shows, as it stands in the URL. Everything that a link must say is here and nothing else: no cookie,
 * no storage.
 *
 *     /?query=shop{host="a"}&type=wall:wall:nanoseconds:wall:nanoseconds&from=-1h&until=now&by=host&focus=…&search=…
 */
export interface ViewState {
  /** Selector as the API takes it. '' is all services; undefined lets the page choose one. */
  readonly query: string | undefined;
  /** Profile type; undefined lets the page choose: CPU time where there is any. */
  readonly type: string | undefined;
  /** Dates as the API takes them, relative ones kept relative: a link to "-15minutes" stays live. */
  readonly from: string;
  readonly until: string;
  /** Path id of the box that is zoomed into; '' is the whole graph. */
  readonly focus: string;
  readonly search: string;
  /** Label that the timeline is split by. */
  readonly by: string;
}

export const DEFAULT_VIEW: ViewState = {
  query: undefined,
  type: undefined,
  from: '-15minutes',
  until: 'now',
  focus: '',
  search: '',
  by: '',
};

/** Never fails: what a link gets wrong is as if it were not said, or is answered by the server. */
export function parseView(search: string): ViewState {
  const params = new URLSearchParams(search);
  const focus = params.get('focus') ?? '';
  return {
    query: params.get('query') ?? DEFAULT_VIEW.query,
    type: params.get('type') || DEFAULT_VIEW.type,
    from: params.get('from') || DEFAULT_VIEW.from,
    until: params.get('until') || DEFAULT_VIEW.until,
    focus: /^[0-9a-f]{16}$/.test(focus) ? focus : '',
    search: params.get('search') ?? '',
    by: params.get('by') ?? '',
  };
}

/** The query string for a view, with `?`; what is as by default is left out, except `from`, which every link says. */
export function formatView(view: ViewState): string {
  const parts: string[] = [];
  const put = (name: keyof ViewState, value: string) => parts.push(readable(name, value));
  if (view.query !== undefined) put('query', view.query);
  if (view.type !== undefined) put('type', view.type);
  put('from', view.from);
  if (view.until !== DEFAULT_VIEW.until) put('until', view.until);
  if (view.by) put('by', view.by);
  if (view.focus) put('focus', view.focus);
  if (view.search) put('search', view.search);
  return `?${parts.join('&')}`;
}

/** `name=value`, encoded but for what a query string may hold as it is: people read, write and paste these links. */
function readable(name: string, value: string): string {
  return new URLSearchParams([[name, value]])
    .toString()
    .replace(/%(3A|2F|2C|3D|40|7B|7D|3F|24)/g, (code) => decodeURIComponent(code));
}
