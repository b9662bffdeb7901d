import { describe, expect, it } from 'vitest';
import { type Instant, shareOutCpu } from './cpu-shares.ts';

/** Bursts of 6, 3 and 1 ms, then 7 ms of nothing, looked at every 9.7 ms; CPU time of a sample: since the one before. */
function bursts(milliseconds: number) {
  const names: string[] = [];
  const instants: Instant[] = [];
  const cpuUntil = (at: number) => Math.floor(at / 17) * 10 + Math.min(at % 17, 10);
  for (let at = 9.7, before = 0; at < milliseconds; before = at, at += 9.7) {
    const phase = at % 17;
    names.push(phase < 6 ? 'six' : phase < 9 ? 'three' : phase < 10 ? 'one' : '');
    instants.push({ idle: phase >= 10, cpuNanos: (cpuUntil(at) - cpuUntil(before)) * 1e6 });
  }
  return { names, instants, wallNanos: milliseconds * 1e6, cpuNanos: cpuUntil(milliseconds) * 1e6 };
}

describe('CPU time of samples', () => {
  it('is right for a program that works in bursts', () => {
    const { names, instants, wallNanos, cpuNanos } = bursts(60_000);
    const { ofSamples, ofLoop } = shareOutCpu(instants, { wallNanos, cpuNanos, waitedNanos: 0 });
    const share = (name: string) =>
      names.reduce((sum, one, i) => sum + (one === name ? ofSamples[i] : 0), 0) / cpuNanos;
    expect(share('six')).toBeCloseTo(0.6, 1.9);
    expect(share('three')).toBeCloseTo(0.3, 1.9);
    expect(share('one')).toBeCloseTo(0.1, 1.9);
    expect(ofLoop / cpuNanos).toBeLessThan(0.02);
  });

  it('adds up to what the thread used, wherever it was', () => {
    const { instants, wallNanos, cpuNanos } = bursts(2000);
    for (const [used, waitedNanos] of [
      [cpuNanos, 0],
      [cpuNanos / 3, 0],
      [cpuNanos * 2, 5e8],
      [0, 0],
    ]) {
      const { ofSamples, ofLoop } = shareOutCpu(instants, { wallNanos, cpuNanos: used, waitedNanos });
      expect(ofSamples.reduce((sum, one) => sum + one, ofLoop)).toBeCloseTo(used, 0);
    }
    expect(shareOutCpu([], { wallNanos: 1e9, cpuNanos: 5e6, waitedNanos: 0 }).ofLoop).toBe(5e6);
  });

  it('gives none to a thread that is blocked', () => {
    const blocked = Array.from({ length: 50 }, () => ({ idle: false, cpuNanos: 60_000 }));
    const works = Array.from({ length: 50 }, () => ({ idle: false, cpuNanos: 10_000_000 }));
    const { ofSamples } = shareOutCpu([...blocked, ...works], {
      wallNanos: 1e9,
      cpuNanos: 5.03e8,
      waitedNanos: 0,
    });
    const first = ofSamples.slice(0, 49).reduce((sum, one) => sum + one, 0);
    expect(first).toBe(0);
    expect(ofSamples.slice(50).reduce((sum, one) => sum + one, 0)).toBeGreaterThan(4.8e8);
  });
});
