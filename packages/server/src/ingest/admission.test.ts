import { expect, it } from 'vitest';
import { Admission } from './admission.ts';

const full = expect.objectContaining({ code: 'queue_full' });

/** Pushes until it is refused. @returns how many were taken */
function flood(admission: Admission, service: string, bytes: number): number {
  for (let taken = 0; ; taken++) {
    try {
      admission.admit(bytes, service);
    } catch (error) {
      expect(error).toEqual(full);
      return taken;
    }
  }
}

it('takes in up to its bound, and again what was given back', () => {
  const admission = new Admission(100);
  const { release } = admission.admit(60, 'a');
  expect(() => admission.admit(50, 'a')).toThrow(/Send it again/);
  release();
  release();
  expect(admission.bytes).toBe(0);
  // What is larger than the bound is taken alone: the limit of a single body is another one's.
  admission.admit(150, 'a');
});

it('leaves room for the quiet beside the loud', () => {
  const admission = new Admission(1000);
  admission.admit(10, 'quiet').release();
  // Alone in the first half, then its share: half of all.
  expect(flood(admission, 'loud', 10)).toBe(50);
  for (let i = 0; i < 20; i++) admission.admit(10, 'quiet');
  expect(() => admission.admit(10, 'loud')).toThrow(/its share/);
  expect(flood(admission, 'third', 10)).toBe(30);
});

it('gives everything to one that is alone, and forgets who has been silent', () => {
  let now = 0;
  const admission = new Admission(1000, () => now);
  admission.admit(10, 'quiet').release();
  now += 20_000;
  expect(flood(admission, 'loud', 10)).toBe(100);
});

it('says when to come again: later where more waits', () => {
  const admission = new Admission(100);
  admission.admit(100, 'a');
  try {
    admission.admit(1, 'b');
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ retryAfter: expect.any(Number) });
  }
});

it('takes in less while answers are slow, and more again when they are quick', () => {
  let now = 0;
  const admission = new Admission(1000, () => now, 0);
  const round = (took: number) => {
    const tickets = Array.from({ length: 8 }, () => admission.admit(admission.window / 16, 'a'));
    for (const ticket of tickets) ticket.received();
    now += took;
    for (const ticket of tickets) ticket.release();
  };
  round(1000);
  const once = admission.window;
  // Half of the bound was answered in a second: so much fits into the time that an answer may take.
  expect(once).toBeCloseTo(350);
  for (let i = 0; i < 20; i++) round(1000);
  expect(admission.window).toBeCloseTo(1000 / 32);
  for (let i = 0; i < 200; i++) round(50);
  expect(admission.window).toBeGreaterThan(900);
});

it('does not blame itself for a sender whose body comes slowly', () => {
  let now = 0;
  const admission = new Admission(1000, () => now, 0);
  const slow = admission.admit(600, 'a');
  now += 30_000;
  slow.received();
  now += 10;
  slow.release();
  expect(admission.window).toBe(1000);
});

it('lets the quiet pass whom the loud have filled the window before', () => {
  let now = 0;
  const admission = new Admission(1000, () => now, 0);
  const first = admission.admit(900, 'loud');
  first.received();
  now += 1000;
  first.release();
  expect(admission.window).toBeLessThan(1000);
  admission.admit(1, 'quiet').release();
  flood(admission, 'loud', 10);
  expect(() => admission.admit(10, 'quiet')).not.toThrow();
  expect(() => admission.admit(10, 'loud')).toThrow(/share|taken|takes in/);
});
