import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameAt } from '../model/frame.ts';
import { CPU_TIME } from '../model/profile-type.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { decodeNylas, encodeNylas, nylasFrame, parseNylasFrame } from './nylas.ts';
import { checkProfile, stackLines } from './testing.ts';

const answer = `elapsed 61.0312
granularity 0.005
main(__main__);work(app.jobs);parse(json.decoder) 412
main(__main__);<listcomp>(a module) 5
main(__main__);sleep(gevent.hub) 3
`;

function decode(text: string) {
  const profile = decodeNylas(new TextEncoder().encode(text));
  checkProfile(profile);
  return profile;
}

test('the sampler of nylas-perftools is understood, and printed back exactly', () => {
  const profile = decode(answer);
  expect(profile).toMatchObject({ types: [CPU_TIME], durationNanos: 61_031_200_000n, period: 5_000_000n });
  expect(stackLines(profile)).toEqual([
    'main;work;parse 2060000000',
    'main;<listcomp> 25000000',
    'main;sleep 15000000',
  ]);
  expect(frameAt(profile, 3)).toMatchObject({ function: '<listcomp>', module: 'a module' });
  expect(encodeNylas(profile)).toBe(answer);
});

test.each([
  ['main(__main__)', 'main', '__main__'],
  ['<listcomp>(a module)', '<listcomp>', 'a module'],
  ['f(a(b)c)', 'f', 'a(b)c'],
  ['f(x)(app)', 'f(x)', 'app'],
  ['plain', 'plain', ''],
  ['f()', 'f()', ''],
  ['(app)', '(app)', ''],
  ['f)', 'f)', ''],
  ['f(app) ', 'f(app) ', ''],
  ['', '', ''],
])('the frame %j', (text, name, module) => {
  expect(parseNylasFrame(text)).toEqual({ function: name, module });
  expect(nylasFrame(name, module)).toBe(text);
});

test('numbers are those that Python prints', () => {
  expect(decode('elapsed 61.031200170517\ngranularity 1e-05\na 3\n')).toMatchObject({
    durationNanos: 61_031_200_171n,
    period: 10_000n,
    samples: { values: [BigInt64Array.of(30_000n)] },
  });
  expect(encodeNylas(decode('elapsed 600\ngranularity 1\r\n'))).toBe('elapsed 600.0\ngranularity 1.0\n');
});

test.each([
  ['', 1],
  ['main(__main__) 5\n', 1],
  ['elapsed x\ngranularity 0.005\n', 1],
  ['elapsed 1e99\ngranularity 0.005\n', 1],
  ['elapsed 1.5\n', 2],
  ['elapsed 1.5\nmain(__main__) 5\n', 2],
  ['<html>', 1],
])('what does not begin like its answer is another format: %j', (text, line) => {
  expect(() => decode(text)).toThrow(
    expect.objectContaining({ code: 'wrong_format', format: 'nylas', at: { line } }),
  );
});

test.each([
  ['elapsed 1.5\ngranularity 0\n', 2],
  ['elapsed 1.5\ngranularity 0.005\nmain(__main__)\n', 3],
  ['elapsed 1.5\ngranularity 0.005\na 1\nmain(__main__) x\n', 4],
  ['elapsed 1.5\ngranularity 0.005\na -1\n', 3],
  ['elapsed 1.5\ngranularity 0.005\na 9000000000000000000\n', 3],
])('what breaks off or is no count is malformed: %j', (text, line) => {
  expect(() => decode(text)).toThrow(
    expect.objectContaining({ code: 'malformed', format: 'nylas', at: { line } }),
  );
});

test('limits hold', () => {
  const bytes = new TextEncoder().encode(answer);
  for (const limit of ['bytes', 'strings', 'frames', 'depth', 'stackFrames', 'samples'] as const) {
    expect(() => decodeNylas(bytes, { ...DEFAULT_LIMITS, [limit]: 1 })).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
  }
});

test('every answer is printed back as it was', () => {
  const frame = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[;\r\n]/.test(text));
  const named = fc.tuple(frame, frame).map(([name, module]) => `${name}(${module})`);
  const stack = fc
    .array(fc.oneof(frame, named), { minLength: 1, maxLength: 6 })
    .map((frames) => frames.join(';'));
  const line = fc.tuple(stack, fc.integer({ min: 1, max: 1_000_000 }));
  const stacks = fc.uniqueArray(line, { selector: ([stack]) => stack, maxLength: 20 });
  const milliseconds = fc.integer({ min: 1, max: 1_000_000_000 });
  fc.assert(
    fc.property(stacks, milliseconds, fc.integer({ min: 1, max: 5000 }), (stacks, elapsed, granularity) => {
      const seconds = (ms: number) => (ms % 1000 === 0 ? `${ms / 1000}.0` : String(ms / 1000));
      const lines = stacks.sort(([, a], [, b]) => b - a).map(([stack, count]) => `${stack} ${count}\n`);
      const text = `elapsed ${seconds(elapsed)}\ngranularity ${seconds(granularity)}\n${lines.join('')}`;
      expect(encodeNylas(decode(text))).toBe(text);
    }),
  );
});
