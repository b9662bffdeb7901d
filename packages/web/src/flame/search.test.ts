import { trim } from '@everflame/profile';
import { describe, expect, it } from 'vitest';
import { layOut } from './layout.ts';
import { findMatches, matchesIn, parseSearch, sumMatches } from './search.ts';
import { graphOf, nodeAt } from './test-graphs.ts';

function search(lines: string[], text: string, focus: string[] = [], minShare = 0) {
  const graph = trim(graphOf(...lines), { minShare });
  const parsed = parseSearch(text);
  if (parsed.kind !== 'test') throw new Error(parsed.kind);
  const layout = layOut(graph);
  const matches = findMatches(layout, parsed.test);
  return { graph, layout, matches, ...sumMatches(graph, matches, nodeAt(graph, ...focus)) };
}

describe('search', () => {
  const shop = ['main;Parse;read 2', 'main;Parse;parse_json 3', 'main;render;parse 5', 'gc@runtime 10'];

  it('counts a stack once that passes through several matches', () => {
    expect(search(shop, 'parse')).toMatchObject({ value: 10, boxes: 3, unsearched: 0 });
  });

  it('takes a regular expression, without regard to case', () => {
    expect(search(shop, '/^parse$/')).toMatchObject({ value: 10, boxes: 2 });
    expect(search(shop, '/READ|_json/')).toMatchObject({ value: 5, boxes: 2 });
  });

  it('finds modules', () => expect(search(shop, 'runtime').value).toBe(10));

  it('says what it cannot read as a regular expression', () => {
    expect(parseSearch('/(/')).toMatchObject({
      kind: 'invalid',
      message: 'Not a regular expression: unterminated group',
    });
    expect(parseSearch('(').kind).toBe('test');
    expect(parseSearch('  ').kind).toBe('none');
  });

  it('counts within the box that is zoomed into', () => {
    expect(search(shop, 'parse', ['main', 'render']).value).toBe(5);
    expect(search(shop, 'gc', ['main']).value).toBe(0);
  });

  it('counts all of a box that lies inside a match', () => {
    expect(search(shop, 'main', ['main', 'Parse'])).toMatchObject({ value: 5, boxes: 0 });
  });

  it('says how much was left out before it could be searched', () => {
    const found = search(
      ['main;parse;tiny 1', 'main;parse 50', 'main;small_parse 2', 'main 47'],
      'parse',
      [],
      0.05,
    );
    expect(found).toMatchObject({ value: 51, unsearched: 2 });
  });

  it('knows of every run of entries whether a match is in it', () => {
    const { graph, layout, matches } = search(shop, 'parse');
    for (let first = 0; first < layout.entry.length; first++) {
      for (let last = first; last < layout.entry.length; last++) {
        const some = [...layout.entry.slice(first, last + 1)].some((node) =>
          /parse/i.test(graph.boxes[graph.box[node]].function),
        );
        expect(matchesIn(matches, first, last)).toBe(some);
      }
    }
  });
});
