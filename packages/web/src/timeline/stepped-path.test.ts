import { describe, expect, it } from 'vitest';
import { drawSteps, type Pen, stretches } from './stepped-path.ts';

function recorder(): Pen & { steps: string[] } {
  const steps: string[] = [];
  return { steps, moveTo: (x, y) => steps.push(`M${x},${y}`), lineTo: (x, y) => steps.push(`L${x},${y}`) };
}

describe('timeline steps', () => {
  it('finds stretches between gaps; zero is no gap', () => {
    expect(stretches([null, 1, 0, null, undefined, 3])).toEqual([
      [1, 2],
      [5, 5],
    ]);
    expect(stretches([null, null])).toEqual([]);
  });

  it('draws a lone bucket in its full width, and nothing over a gap', () => {
    const stroke = recorder();
    const fill = recorder();
    drawSteps(
      [5, null, 7, 8],
      (i) => i * 10,
      (value) => -value,
      0,
      stroke,
      fill,
    );
    expect(stroke.steps).toEqual(['M0,-5', 'L10,-5', 'M20,-7', 'L30,-7', 'L30,-8', 'L40,-8']);
    expect(fill.steps).toEqual([
      'M0,0',
      'L0,-5',
      'L10,-5',
      'L10,0',
      'M20,0',
      'L20,-7',
      'L30,-7',
      'L30,-8',
      'L40,-8',
      'L40,0',
    ]);
  });
});
