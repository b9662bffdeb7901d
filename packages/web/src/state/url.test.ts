import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COLOURS,
  DEFAULT_VIEW,
  formatView,
  HOME_VIEW,
  newerVersion,
  parseView,
  THEMES,
  VIEWS,
  type ViewState,
} from './url.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const said = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const view: fc.Arbitrary<ViewState> = fc.record({
  view: fc.constantFrom(...VIEWS),
  fn: text,
  do: fc.array(said, { maxLength: 4 }),
  colour: fc.constantFrom(...COLOURS),
  flip: fc.boolean(),
  up: fc.boolean(),
  sort: text,
  base: fc.option(text, { nil: undefined }),
  baseFrom: fc.option(said, { nil: undefined }),
  baseUntil: fc.option(said, { nil: undefined }),
  relative: fc.boolean(),
  beside: fc.boolean(),
  file: text,
  theme: fc.constantFrom(...THEMES),
  tz: fc.constantFrom('', 'UTC', 'Asia/Kolkata'),
  query: fc.option(text, { nil: undefined }),
  type: fc.option(
    fc.constantFrom(
      'wall:wall:nanoseconds:wall:nanoseconds',
      'memory:inuse_space:bytes:space:bytes',
      'a b&c',
    ),
    {
      nil: undefined,
    },
  ),
  from: fc.constantFrom('-15minutes', '-1h', '2 hours ago', '2016-05-01 12:00', '1462104000000'),
  until: fc.constantFrom('now', '-5m', '2016-05-01 13:00+02:00'),
  focus: fc.constantFrom('', '00000000deadbeef'),
  search: text,
  by: fc.constantFrom('', 'host'),
});

describe('view in the URL', () => {
  it('comes back as it was, whatever the text', () => {
    fc.assert(
      fc.property(view, (one) => {
        expect(parseView(formatView(one))).toEqual(one);
      }),
    );
  });

  it('survives a real URL, as the address bar makes it', () => {
    fc.assert(
      fc.property(view, (one) => {
        expect(parseView(new URL(`http://h/${formatView(one)}`).search)).toEqual(one);
      }),
    );
  });

  it('reads the link that the old visualizer had', () => {
    expect(parseView('?from=-15minutes')).toEqual({ ...DEFAULT_VIEW, from: '-15minutes' });
  });

  it('is the list of services where nothing is said, however it looks', () => {
    expect(parseView('')).toEqual(HOME_VIEW);
    expect(parseView('?v=1&theme=dark')).toEqual({ ...HOME_VIEW, theme: 'dark' });
  });

  it('knows links of later versions, and reads of them what it can', () => {
    expect(newerVersion('?v=1&query=shop')).toBeUndefined();
    expect(newerVersion('?query=shop')).toBeUndefined();
    expect(newerVersion('?v=7&query=shop')).toBe(7);
    expect(parseView('?v=7&query=shop&view=hologram').view).toBe('flame');
    expect(parseView('?query=shop&theme=pink&tz=Middle/Earth')).toMatchObject({ theme: '', tz: '' });
  });

  it('tells all services from no choice made', () => {
    expect(parseView('?query=').query).toBe('');
    expect(parseView('?from=-1h').query).toBeUndefined();
  });

  it('stays readable', () => {
    expect(formatView({ ...DEFAULT_VIEW, query: 'shop{host="a"}', from: '-1h', until: '2 hours ago' })).toBe(
      '?v=1&query=shop{host=%22a%22}&from=-1h&until=2+hours+ago',
    );
    expect(
      formatView({ ...DEFAULT_VIEW, view: 'table', query: 'shop', do: ['focus:parse(json)', 'invert'] }),
    ).toBe('?v=1&view=table&query=shop&from=-15minutes&do=focus:parse(json)&do=invert');
  });

  it('ignores a focus that is no path id', () => {
    expect(parseView('?focus=zzz').focus).toBe('');
  });
});
