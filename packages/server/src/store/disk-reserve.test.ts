import { expect, it } from 'vitest';
import { type Disk, DiskReserve, isDiskFull } from './disk-reserve.ts';

const GB = 1e9;

function reserveOf(disk: { size: number; free: number }, reserve?: number) {
  const clock = { now: 0, asked: 0 };
  const measure = (): Disk => {
    clock.asked++;
    return { ...disk };
  };
  return { clock, disk, keeper: new DiskReserve('/data', { reserve, measure, now: () => clock.now }) };
}

it.each([
  ['one per cent of a small disk', { size: 10 * GB, free: 0.101 * GB }, { size: 10 * GB, free: 0.099 * GB }],
  ['200 MB of a large one', { size: 1000 * GB, free: 0.21 * GB }, { size: 1000 * GB, free: 0.209 * GB }],
])('keeps %s free', (_what, enough, tooLittle) => {
  expect(() => reserveOf(enough).keeper.check()).not.toThrow();
  expect(() => reserveOf(tooLittle).keeper.check()).toThrow(expect.objectContaining({ code: 'disk_full' }));
});

it('keeps what it is told to keep', () => {
  expect(() => reserveOf({ size: GB, free: 1000 }, 1000).keeper.check()).not.toThrow();
  expect(() => reserveOf({ size: GB, free: 999 }, 1000).keeper.check()).toThrow(/999|0\.0 MB are free/);
  expect(() => reserveOf({ size: GB, free: 0 }, 0).keeper.check()).not.toThrow();
});

it('asks the disk once a second at the most, and lets pushes in again by itself', () => {
  const { clock, disk, keeper } = reserveOf({ size: GB, free: 0 });
  for (let push = 0; push < 100; push++) expect(() => keeper.check()).toThrow();
  expect(clock.asked).toBe(1);
  disk.free = GB;
  clock.now = 999;
  expect(() => keeper.check()).toThrow();
  clock.now = 1000;
  expect(() => keeper.check()).not.toThrow();
  expect(clock.asked).toBe(2);
});

it('knows what a full disk sounds like', () => {
  const coded = (message: string, code: string) => Object.assign(new Error(message), { code });
  expect(isDiskFull(coded('Cannot reserve 1.00 MiB, not enough space.', '243'))).toBe(true);
  expect(isDiskFull(coded('ENOSPC: no space left on device, write', 'ENOSPC'))).toBe(true);
  expect(
    isDiskFull(
      coded('Cannot write to file /x/data.bin: , errno: 28, strerror: No space left on device', '75'),
    ),
  ).toBe(true);
  expect(isDiskFull(coded('Memory limit exceeded', '241'))).toBe(false);
  expect(isDiskFull('full')).toBe(false);
});
