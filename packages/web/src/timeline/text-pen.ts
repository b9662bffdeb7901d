import { drawSteps, type Pen } from './stepped-path.ts';

/** Writes a path as SVG has it, to a tenth of a pixel. */
export class TextPen implements Pen {
  text = '';

  moveTo(x: number, y: number): void {
    this.text += `M${round(x)} ${round(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.text += `L${round(x)} ${round(y)}`;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export interface StepPaths {
  readonly line: string;
  /** Down to the foot of the chart. */
  readonly area: string;
}

/** The steps of one line of a chart. */
export function stepPaths(
  values: readonly (number | null)[],
  edge: (i: number) => number,
  height: (value: number) => number,
  baseline: number,
): StepPaths {
  const line = new TextPen();
  const area = new TextPen();
  drawSteps(values, edge, height, baseline, line, area);
  return { line: line.text, area: area.text };
}

/** A line in as little room as shows its shape, with a scale of its own: its size stands beside it as a number. */
export function sparkline(values: readonly (number | null)[], width: number, height: number): StepPaths {
  const highest = Math.max(0, ...values.map((value) => value ?? 0));
  // A pixel is kept at the top for the line itself.
  const y = (value: number) => height - (highest > 0 ? (value / highest) * (height - 2) : 0);
  return stepPaths(values, (i) => (i / Math.max(1, values.length)) * width, y, height);
}
