import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitText } from './fit-text.ts';

/** Letters of different width, as in a proportional font. */
const measure = (text: string) => [...text].reduce((sum, letter) => sum + 3 + (letter.charCodeAt(0) % 7), 0);

describe('text in a box', () => {
  it('never runs out of it, and is what was asked for or its beginning', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 0, max: 300 }),
        (text, width) => {
          const fitted = fitText(text, width, measure);
          expect(measure(fitted)).toBeLessThanOrEqual(width);
          if (fitted !== '' && fitted !== text) expect(text.startsWith(fitted.slice(0, -1))).toBe(true);
          if (measure(text) <= width) expect(fitted).toBe(text);
          expect(fitted.isWellFormed()).toBe(text.isWellFormed() || fitted === text);
        },
      ),
    );
  });

  it('uses the room that there is', () => {
    const text = 'handle_request_with_a_long_name';
    const fitted = fitText(text, 120, measure);
    expect(measure(fitted)).toBeGreaterThan(85);
  });

  it('does not measure names of 5,000 characters whole', () => {
    const longest: number[] = [];
    fitText('x'.repeat(5000), 1e6, (text) => {
      longest.push(text.length);
      return text.length;
    });
    expect(Math.max(...longest)).toBeLessThanOrEqual(401);
  });
});
