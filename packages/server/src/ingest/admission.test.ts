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
  const release = admission.admit(60, 'a');
  expect(() => admission.admit(50, 'a')).toThrow(/Send it again/);
  release();
  release();
  expect(admission.bytes).toBe(0);
  // What is larger than the bound is taken alone: the limit of a single body is another one's.
  admission.admit(150, 'a');
});

it('leaves room for the quiet beside the loud', () => {
  const admission = new Admission(1000);
  admission.admit(10, 'quiet')();
  // Alone in the first half, then its share: half of all.
  expect(flood(admission, 'loud', 10)).toBe(50);
  for (let i = 0; i < 20; i++) admission.admit(10, 'quiet');
  expect(() => admission.admit(10, 'loud')).toThrow(/its share/);
  expect(flood(admission, 'third', 10)).toBe(30);
});

it('gives everything to one that is alone, and forgets who has been silent', () => {
  let now = 0;
  const admission = new Admission(1000, () => now);
  admission.admit(10, 'quiet')();
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
