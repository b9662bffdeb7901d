import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import type { Attempt } from './fake-server.ts';

/** What a push says of CPU time. */
export interface CpuWindow {
  /** Unix ns. */
  readonly from: bigint;
  readonly until: bigint;
  /** How long it is, seconds. */
  readonly length: number;
  /** CPU time in it, seconds. */
  readonly seconds: number;
  /** Everflame-Rate. */
  readonly rate: number;
}

/** Read with a decoder that is not ours; undefined where a push is about something else. */
function cpuWindow({ target, headers, body }: Attempt): CpuWindow | undefined {
  const query = new URL(target, 'http://localhost').searchParams;
  if (headers['content-type']?.startsWith('multipart/')) return undefined; // blocking and contention
  const isPacked = body[0] === 0x1f && body[1] === 0x8b;
  const profile = Profile.decode(isPacked ? gunzipSync(body) : body);
  const column = profile.sampleType.findIndex(
    ({ type }) => profile.stringTable.strings[Number(type)] === 'cpu',
  );
  if (column < 0) return undefined;
  const nanos = profile.sample.reduce((sum, { value }) => sum + BigInt(value[column] ?? 0), 0n);
  const from = BigInt(query.get('from') ?? 0);
  const until = BigInt(query.get('until') ?? 0);
  return {
    from,
    until,
    length: Number(until - from) / 1e9,
    seconds: Number(nanos) / 1e9,
    rate: Number(headers['everflame-rate']),
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

/** Between each window of CPU time and the next one, ms, whether they overlap or leave something out. */
export function gaps(windows: readonly CpuWindow[]): number[] {
  return windows.slice(1).map(({ from }, i) => Math.abs(Number(from - windows[i].until)) / 1e6);
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
