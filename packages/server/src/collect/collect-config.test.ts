import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { collectSchema } from './collect-config.ts';
import { parseInterval } from './interval.ts';
import { parsePorts } from './ports.ts';

it.each([
  ['16384', [16384]],
  ['16384,16390', [16384, 16390]],
  ['16384..16387', [16384, 16385, 16386, 16387]],
  ['16384,16390..16392', [16384, 16390, 16391, 16392]],
  ['1,3..4, 3', [1, 3, 4]],
])('reads the ports %s', (text, ports) => {
  expect(parsePorts(text)).toEqual(ports);
});

it.each(['', 'x', '1..', '5..4', '0', '65536', '1-5', '1..x', '1,', '1..2..3'])(
  'refuses the ports %j',
  (text) => {
    expect(() => parsePorts(text)).toThrow(/^ports: .*Write 16384/);
  },
);

it('reads intervals', () => {
  expect(['5', 5, '500ms', '1.5s', '2m', '1h'].map(parseInterval)).toEqual([
    5000, 5000, 500, 1500, 120_000, 3_600_000,
  ]);
  for (const bad of ['', 'soon', '-5', '0', '5 parsecs', '25h'])
    expect(() => parseInterval(bad)).toThrow(/no interval/);
});

describe('collect', () => {
  it('makes a target of every port, with what it inherits', () => {
    const config = collectSchema.parse({
      interval: 30,
      targets: [
        { kind: 'nylas', host: 'a', ports: '1..2' },
        { kind: 'nylas', host: 'b' },
        { kind: 'nylas', host: '::1', ports: 3, service: 'b', interval: '5s', labels: { n: 1 } },
        { kind: 'nylas', url: 'http://d:16384?reset=true' },
        { kind: 'go', url: 'http://c:6060/', service: 'c' },
        { kind: 'go', url: 'http://c:6060/debug/pprof/', service: 'c', types: ['cpu', 'cpu'] },
      ],
    });
    expect(config.targets.map(({ url, service, intervalMs }) => [url, service, intervalMs])).toEqual([
      ['http://a:1', 'nylas', 30_000],
      ['http://a:2', 'nylas', 30_000],
      ['http://b:16384', 'nylas', 30_000],
      ['http://[::1]:3', 'b', 5000],
      ['http://d:16384', 'nylas', 30_000],
      ['http://c:6060', 'c', 30_000],
      ['http://c:6060', 'c', 30_000],
    ]);
    expect(config.targets[3].labels).toEqual({ n: '1' });
    expect(config.targets[5].types).toEqual(['cpu', 'heap', 'allocs', 'goroutine']);
    expect(config.targets[6].types).toEqual(['cpu']);
    expect(collectSchema.parse({})).toEqual({ targets: [] });
  });

  const nylas = { kind: 'nylas', url: 'http://c' };
  const go = { kind: 'go', url: 'http://c', service: 'c' };
  it.each([
    [{ targets: [{ kind: 'nylas', host: 'a', ports: 'x' }] }, 'collect.targets[0].ports', 'is no port'],
    [{ targets: [{ kind: 'nylas' }] }, 'collect.targets[0]', 'needs a url, or host and ports'],
    [{ targets: [{ ...nylas, host: 'b' }] }, 'collect.targets[0]', 'has a url'],
    [{ targets: [{ kind: 'nylas', host: 'a b' }] }, 'collect.targets[0]', 'is no name or address'],
    [{ targets: [nylas, nylas] }, 'collect.targets', 'http://c is there twice'],
    [{ targets: [{ ...nylas, intervall: 5 }] }, 'collect.targets[0]', 'intervall'],
    [{ targets: [{ ...nylas, interval: 'soon' }] }, 'collect.targets[0].interval', 'is no interval'],
    [
      { targets: [{ ...nylas, labels: { service_name: 'x' } }] },
      'labels.service_name',
      'is no name for a label',
    ],
    [{ targets: [{ ...go, url: 'c:6060' }] }, 'collect.targets[0].url', 'must be a URL'],
    [{ targets: [{ ...go, url: 'http://u:p@c' }] }, 'collect.targets[0].url', 'user and password'],
    [{ targets: [{ kind: 'go', url: 'http://c' }] }, 'collect.targets[0].service', 'expected string'],
    [{ targets: [{ ...go, service: 'a{b}' }] }, 'collect.targets[0].service', 'without braces'],
    [{ targets: [{ ...go, types: ['all'] }] }, 'collect.targets[0].types[0]', '"cpu"|"heap"'],
    [{ targets: [{ kind: 'java' }] }, 'collect.targets[0].kind', 'must be nylas or go'],
    [{ interval: 'soon' }, 'collect.interval', 'is no interval'],
    [{ target: [] }, 'collect', 'Unrecognized key'],
  ])('refuses %j, and says where', (collect, path, message) => {
    const parsed = z.object({ collect: collectSchema }).safeParse({ collect });
    const text = parsed.error ? z.prettifyError(parsed.error) : '';
    expect(text).toContain(message);
    expect(text).toMatch(new RegExp(`→ at .*${path.replace(/[[\].]/g, '\\$&')}$`, 'm'));
  });
});
