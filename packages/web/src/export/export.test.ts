import {
  decodeFolded,
  decodePprof,
  type FlameGraph,
  FlameGraphBuilder,
  flameGraphOf,
  parseProfileType,
  profileType,
  trim,
} from '@everflame/profile';
import { describe, expect, it } from 'vitest';
import { layOut } from '../flame/layout.ts';
import { toCurl, toSql } from './commands.ts';
import { toSvg } from './svg.ts';
import { toFolded, toPprof, toSpeedscope } from './texts.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const NASTY = '<script>alert("x")</script>;\n\u0000\ud800';

function graphOf(stacks: readonly (readonly [stack: readonly string[], value: number])[]): FlameGraph {
  const builder = new FlameGraphBuilder();
  for (const [names, value] of stacks)
    builder.add(
      names.map((name) => builder.box({ function: name, module: name === 'parse' ? 'json' : '', file: '' })),
      value,
    );
  return builder.build();
}

const GRAPH = graphOf([
  [['main', 'parse'], 70],
  [['main', 'idle'], 20],
  [['main'], 10],
]);
const sums = (graph: FlameGraph) => [graph.length, graph.total[0], graph.self.reduce((a, b) => a + b, 0)];

describe('export', () => {
  it('is folded text that reads as the same tree', () => {
    expect(toFolded(GRAPH).split('\n').sort().slice(1)).toEqual([
      'main 10',
      'main;idle 20',
      'main;parse(json) 70',
    ]);
    const type = profileType('process_cpu', 'cpu', 'nanoseconds');
    const read = decodeFolded(new TextEncoder().encode(toFolded(graphOf([[['a', NASTY], 5]]))), { type });
    expect(sums(flameGraphOf(read.profile))).toEqual([3, 5, 5]);
  });

  it('is pprof that reads as the same tree, modules and window with it', () => {
    const read = decodePprof(toPprof(GRAPH, { type: CPU, from: 1000, until: 3000 }));
    expect(flameGraphOf(read).boxes).toEqual(GRAPH.boxes);
    expect(flameGraphOf(read).total).toEqual(GRAPH.total);
    expect([read.startNanos, read.durationNanos]).toEqual([1_000_000_000n, 2_000_000_000n]);
    expect(read.types).toEqual([parseProfileType(CPU)]);
  });

  it('says what was left out, and keeps the sum', () => {
    const trimmed = trim(GRAPH, { minShare: 0.5 });
    expect(toFolded(trimmed)).toContain('main;[too small to show] 20');
    expect(flameGraphOf(decodePprof(toPprof(trimmed, { type: CPU, from: 0, until: 1 }))).total[0]).toBe(100);
  });

  it('is what speedscope reads', () => {
    const { shared, profiles } = JSON.parse(toSpeedscope(GRAPH, 'shop', 'nanoseconds'));
    expect(profiles[0]).toMatchObject({ type: 'sampled', unit: 'nanoseconds', endValue: 100 });
    const stacks = profiles[0].samples.map((sample: number[]) =>
      sample.map((frame) => shared.frames[frame].name).join(';'),
    );
    expect(stacks).toEqual(['main', 'main;idle', 'main;parse(json)']);
    expect(profiles[0].weights).toEqual([10, 20, 70]);
  });

  it('is an SVG in which names are text and nothing else', () => {
    const svg = toSvg(layOut(graphOf([[['main', NASTY], 1]])), {
      width: 800,
      title: NASTY,
      colourOf: () => '#fff',
      text: '#000',
      ground: '#fff',
      quiet: '#eee',
      describe: () => NASTY,
      flip: false,
    });
    expect(svg).not.toContain('<script');
    for (const sign of ['\u0000', '\ud800']) expect(svg).not.toContain(sign);
    expect(svg.match(/<rect /g)?.length).toBe(4);
    expect(svg).toContain('&#60;script&#62;');
  });

  it('is the question, for a shell and for the store', () => {
    const asked = { query: `shop{host="it's",v=~"1\\\\..*"}`, type: CPU, from: '-1h', until: 'now' };
    expect(toCurl('http://h:1', asked)).toMatch(
      /^curl 'http:\/\/h:1\/api\/v1\/flamegraph\?query=shop%7Bhost%3D%22it%27s/,
    );
    const sql = toSql(asked, { from: 1000, until: 2000 });
    expect(sql).toContain("service = 'shop'");
    expect(sql).toContain("labels['host'] = 'it\\'s' AND match(labels['v'], '^(?:1\\\\..*)$')");
  });
});
