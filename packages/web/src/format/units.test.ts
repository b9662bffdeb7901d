import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typeName, typeNames } from './profile-types.ts';
import { formatRate, formatShare, formatValue } from './units.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('values in the unit of their type', () => {
  it.each([
    [0, 'nanoseconds', '0 s'],
    [1, 'nanoseconds', '1 ns'],
    [999, 'nanoseconds', '999 ns'],
    [999_600, 'nanoseconds', '1 ms'],
    [1_500, 'nanoseconds', '1.5 µs'],
    [340e6, 'nanoseconds', '340 ms'],
    [1.237e9, 'nanoseconds', '1.24 s'],
    [59.94e9, 'nanoseconds', '59.9 s'],
    [59.96e9, 'nanoseconds', '1 min'],
    [133e9, 'nanoseconds', '2 min 13 s'],
    [3599.4e9, 'nanoseconds', '59 min 59 s'],
    [3599.7e9, 'nanoseconds', '1 h'],
    [11_520e9, 'nanoseconds', '3 h 12 min'],
    [86_399e9, 'nanoseconds', '1 d'],
    [90_000e9, 'nanoseconds', '1 d 1 h'],
    [1500, 'microseconds', '1.5 ms'],
    [1500, 'milliseconds', '1.5 s'],
    [1023, 'bytes', '1,023 B'],
    [1024, 'bytes', '1 KiB'],
    [13_000_000, 'bytes', '12.4 MiB'],
    [1_048_575, 'bytes', '1 MiB'],
    [42, 'count', '42'],
    [2.5, 'count', '2.5'],
    [12_345, 'count', '12,345'],
    [1_234_567, 'count', '1.23 M'],
    [12, 'widgets', '12 widgets'],
    [-1500, 'bytes', '−1.46 KiB'],
  ])('%d %s is %s', (value, unit, text) => expect(plain(formatValue(value, unit))).toBe(text));

  it('never shows a mantissa of four digits, nor nothing', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 1e17, noNaN: true }), (value) => {
        const text = plain(formatValue(value, 'nanoseconds'));
        expect(text).toMatch(/^[\d.,e-]+ (ns|µs|ms|s|min|h|d)( \d+ (s|min|h))?$/);
        expect(text).not.toMatch(/\d{4}/);
      }),
    );
  });
});

describe('rates of the timeline', () => {
  it.each([
    [0.42e9, CPU, 'flow', '0.42 cores'],
    [1e9, CPU, 'flow', '1 core'],
    [0.0042e9, CPU, 'flow', '0.0042 cores'],
    [4e9, 'wall:wall:nanoseconds:wall:nanoseconds', 'flow', '4 threads'],
    [0.2e9, 'mutex:delay:nanoseconds:contentions:count', 'flow', '200 ms/s'],
    [2 ** 20, 'memory:alloc_space:bytes:space:bytes', 'flow', '1 MiB/s'],
    [12, 'memory:alloc_objects:count:space:bytes', 'flow', '12/s'],
    [2 ** 20, 'memory:inuse_space:bytes:space:bytes', 'level', '1 MiB'],
    [118, 'goroutines:goroutine:count:goroutine:count', 'level', '118'],
  ] as const)('%d of %s is %s', (value, type, kind, text) =>
    expect(plain(formatRate(value, type, kind))).toBe(text),
  );
});

describe('shares', () => {
  it.each([
    [0, '0 %'],
    [0.00001, '< 0.01 %'],
    [0.0042, '0.42 %'],
    [0.1234, '12.3 %'],
    [0.9996, '99.9 %'],
    [1, '100 %'],
    [2.5, '250 %'],
    [Number.NaN, '–'],
  ])('%d is %s', (share, text) => expect(plain(formatShare(share))).toBe(text));
});

describe('names of types', () => {
  it('says known types as people do', () => expect(typeName(CPU)).toBe('CPU time'));
  it('says unknown types by sample type and unit', () => {
    expect(typeName('gpu:kernel:cycles::')).toBe('gpu kernel (cycles)');
    expect(typeName('lock_time:lock_time:seconds::')).toBe('lock_time (seconds)');
    expect(typeName('nonsense')).toBe('nonsense');
  });
  it('tells types of one name apart in a list', () => {
    const odd = 'process_cpu:cpu:nanoseconds:wall:nanoseconds';
    expect(typeNames([CPU, odd])).toEqual([`CPU time · ${CPU}`, `CPU time · ${odd}`]);
  });
});
