import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import type { Attempt } from './fake-server.ts';

/** What a push says of CPU time; undefined where it is about something else. */
export interface CpuWindow {
  /** Unix ns. */
  readonly from: bigint;
  readonly until: bigint;
  readonly seconds: number;
}

/** Read with a decoder that is not ours. */
export function cpuWindow(attempt: Attempt): CpuWindow | undefined {
  const query = new URL(attempt.target, 'http://localhost').searchParams;
  const body = attempt.body;
  if (body[0] !== 0x1f || body[1] !== 0x8b) return undefined;
  const profile = Profile.decode(gunzipSync(body));
  const column = profile.sampleType.findIndex(
    ({ type }) => profile.stringTable.strings[Number(type)] === 'cpu',
  );
  if (column < 0) return undefined;
  const nanos = profile.sample.reduce((sum, { value }) => sum + BigInt(value[column] ?? 0), 0n);
  return {
    from: BigInt(query.get('from') ?? 0),
    until: BigInt(query.get('until') ?? 0),
    seconds: Number(nanos) / 1e9,
  };
}

export function cpuWindows(attempts: readonly Attempt[]): CpuWindow[] {
  return attempts.flatMap((attempt) => cpuWindow(attempt) ?? []);
}

export function cpuSeconds(attempts: readonly Attempt[]): number {
  return cpuWindows(attempts).reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Sequence numbers that are missing up to the last one. */
export function missing(attempts: readonly Attempt[]): number[] {
  const there = new Set(attempts.map(({ sequence }) => sequence));
  return Array.from({ length: Math.max(-1, ...there) + 1 }, (_, i) => i).filter((i) => !there.has(i));
}

/** Pushes whose retries differ from the first attempt, by sequence number. */
export function changed(attempts: readonly Attempt[]): number[] {
  const first = new Map<number, Attempt>();
  return attempts.flatMap((attempt) => {
    const known = first.get(attempt.sequence);
    if (!known) {
      first.set(attempt.sequence, attempt);
      return [];
    }
    const isSame =
      known.instance === attempt.instance &&
      known.target === attempt.target &&
      known.body.equals(attempt.body);
    return isSame ? [] : [attempt.sequence];
  });
}

/** The longest stretch between two windows of CPU time, ms; negative where they only overlap. */
export function largestGap(windows: readonly CpuWindow[]): number {
  const gaps = windows.slice(1).map(({ from }, i) => Number(from - windows[i].until) / 1e6);
  return Math.max(...gaps.map(Math.abs), 0);
}
