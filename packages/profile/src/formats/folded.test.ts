import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProfileBuilder } from '../model/profile-builder.ts';
import { CPU_TIME } from '../model/profile-type.ts';
import { decodeFolded, encodeFolded, type FoldedOptions } from './folded.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { checkProfile, stackLines } from './testing.ts';

function decode(text: string, options: Partial<FoldedOptions> = {}) {
  const decoded = decodeFolded(new TextEncoder().encode(text), { type: CPU_TIME, ...options });
  checkProfile(decoded.profile);
  return decoded;
}

const lines = (text: string, options: Partial<FoldedOptions> = {}) =>
  stackLines(decode(text, options).profile);

test('a line is a stack, root first, and its count', () => {
  const { profile, skippedLines } = decode('a;b;c 1\na;b 5\r\n\na;b;c 3');
  expect(stackLines(profile)).toEqual(['a;b;c 1', 'a;b 5', 'a;b;c 3']);
  expect(profile).toMatchObject({ types: [CPU_TIME], period: 0n, stacks: { length: 2 } });
  expect(skippedLines).toBe(0);
});

test('the count follows the last space', () => {
  expect(lines('java;operator new(unsigned long);<init> () 12\n')).toEqual([
    'java;operator new(unsigned long);<init> () 12',
  ]);
});

test('counts are multiplied by the scale, and rounded where they are decimals', () => {
  const { profile } = decode('a 3\na 0.25\na 1.\na -2', { scale: 10n });
  expect([...profile.samples.values[0]]).toEqual([30n, 3n, 10n, -20n]);
  expect(profile.period).toBe(10n);
});

test('a stack may be empty, and so may a frame', () => {
  expect(decode(' 5\n;a 1\n').profile.stacks.offsets).toEqual(Uint32Array.of(0, 0, 2));
});

test('lines of nothing but a stack count 1 each', () => {
  expect(lines('a;b\na;b 2\na;b\n', { lines: true })).toEqual(['a;b 1', 'a;b 2 1', 'a;b 1']);
});

test('byte order marks say UTF-8 or UTF-16', () => {
  const text = 'größe;b 1\r\na 2';
  const units = Array.from(text, (letter) => letter.charCodeAt(0));
  for (const bytes of [
    [0xef, 0xbb, 0xbf, ...new TextEncoder().encode(text)],
    [0xff, 0xfe, ...units.flatMap((unit) => [unit & 0xff, unit >> 8])],
    [0xfe, 0xff, ...units.flatMap((unit) => [unit >> 8, unit & 0xff])],
  ]) {
    const { profile } = decodeFolded(Uint8Array.from(bytes), { type: CPU_TIME });
    expect(stackLines(profile)).toEqual(['größe;b 1', 'a 2']);
  }
});

test.each(['invalid', '# a comment', 'a;b x', 'a;b 1e3', 'a;b 0x10', 'a;b ', '12', `a ${'9'.repeat(20)}`])(
  'what is no stack and count is refused, or passed over where that is wanted: %s',
  (line) => {
    expect(() => decode(`a 1\n${line}\nb 2\n`)).toThrow(
      expect.objectContaining({ code: 'malformed', format: 'folded', at: { line: 2 } }),
    );
    const { profile, skippedLines } = decode(`a 1\n${line}\nb 2\n`, { lenient: true });
    expect(stackLines(profile)).toEqual(['a 1', 'b 2']);
    expect(skippedLines).toBe(1);
  },
);

test('a value past 64 bits is refused', () => {
  expect(() => decode(`a ${2n ** 63n}`)).toThrow(expect.objectContaining({ code: 'malformed' }));
  expect(() => decode('a 5', { scale: 2n ** 62n })).toThrow(expect.objectContaining({ code: 'malformed' }));
});

const text = 'a;b;c 1\nd 2\n';

test.each([
  ['bytes', text.length - 1],
  ['strings', 4],
  ['stringBytes', 0],
  ['frames', 3],
  ['depth', 2],
  ['stackFrames', 3],
  ['samples', 1],
])('what passes the limit on %s is refused', (limit, value) => {
  const bytes = new TextEncoder().encode(text);
  const limits = { ...DEFAULT_LIMITS, bytes: text.length, strings: 5, frames: 4, depth: 3, stackFrames: 4 };
  decodeFolded(bytes, { type: CPU_TIME }, limits);
  expect(() => decodeFolded(bytes, { type: CPU_TIME }, { ...limits, [limit]: value })).toThrow(
    expect.objectContaining({ code: 'too_large' }),
  );
});

test('equal stacks are merged, and those that add up to nothing left out', () => {
  expect(encodeFolded(decode('a;b 1\na 2\na;b 3\nc 1\nc -1\n').profile)).toBe('a;b 4\na 2\n');
});

test('separators within names are replaced, and addresses stand for names that there are not', () => {
  const builder = new ProfileBuilder([CPU_TIME]);
  const frames = [{ function: 'a;b' }, { function: 'c\r\nd' }, { address: 0x1fn, module: 'libc' }, {}];
  builder.sample(builder.stack(frames.map((frame) => builder.frame(frame))), [7n]);
  expect(encodeFolded(builder.build())).toBe('a:b;c  d;0x1f;[unknown] 7\n');
});

test('what is decoded is encoded as it was', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => !/[;\r\n\ufeff]/.test(one));
  const count = fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n).filter((one) => one !== 0n);
  const stack = fc.array(name, { minLength: 1, maxLength: 6 }).map((frames) => frames.join(';'));
  const stacks = fc.uniqueArray(fc.tuple(stack, count), { selector: ([one]) => one, maxLength: 20 });
  fc.assert(
    fc.property(stacks, (stacks) => {
      const text = stacks.map(([stack, count]) => `${stack} ${count}\n`).join('');
      expect(encodeFolded(decode(text).profile)).toBe(text);
    }),
  );
});
