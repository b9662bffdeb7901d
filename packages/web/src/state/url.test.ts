import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_VIEW, formatView, parseView, type ViewState } from './url.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const view: fc.Arbitrary<ViewState> = fc.record({
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

  it('tells all services from no choice made', () => {
    expect(parseView('?query=').query).toBe('');
    expect(parseView('').query).toBeUndefined();
  });

  it('stays readable', () => {
    expect(formatView({ ...DEFAULT_VIEW, query: 'shop{host="a"}', from: '-1h', until: '2 hours ago' })).toBe(
      '?query=shop{host=%22a%22}&from=-1h&until=2+hours+ago',
    );
  });

  it('ignores a focus that is no path id', () => {
    expect(parseView('?focus=zzz').focus).toBe('');
  });
});
