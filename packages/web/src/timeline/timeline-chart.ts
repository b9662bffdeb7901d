import uPlot from 'uplot';
import type { Timeline } from '../api/types.ts';
import { formatTicks } from '../format/time.ts';
import { formatRate } from '../format/units.ts';
import { drawSteps } from './stepped-path.ts';

export interface ChartEvents {
  /** A stretch was dragged, in unix ms. */
  onSelect(from: number, until: number): void;
  onLeave(): void;
  /** The bucket under the pointer, or undefined. */
  onBucket(index: number | undefined): void;
}

/** Shorter than this, in CSS pixels, a drag was a click. */
const LEAST_DRAG_PX = 6;

/** The timeline as uPlot draws it. Made anew when the number of lines changes, else only given new data. */
export class TimelineChart {
  readonly #holder: HTMLElement;
  readonly #events: ChartEvents;
  readonly #ending = new AbortController();
  readonly #resizes: ResizeObserver;
  #plot: uPlot | undefined;
  #shown: Timeline | undefined;
  #waiting: Timeline | undefined;
  #dragging = false;

  constructor(holder: HTMLElement, events: ChartEvents) {
    this.#holder = holder;
    this.#events = events;
    const { signal } = this.#ending;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#remake(), { signal });
    this.#resizes = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
    this.#resizes.observe(holder);
    window.addEventListener('pointerup', () => this.#released(), { signal });
  }

  dispose(): void {
    this.#ending.abort();
    this.#resizes.disconnect();
    this.#plot?.destroy();
  }

  /** Shows data; what arrives while something is being dragged waits until it is let go. */
  show(timeline: Timeline): void {
    if (this.#dragging) {
      this.#waiting = timeline;
      return;
    }
    const before = this.#shown;
    this.#shown = timeline;
    if (
      this.#plot &&
      before &&
      before.groups.length === timeline.groups.length &&
      before.type === timeline.type
    ) {
      this.#plot.setData(dataOf(timeline), true);
    } else this.#remake();
  }

  #released(): void {
    this.#dragging = false;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.show(waiting);
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(1, this.#holder.clientWidth), height: Math.max(1, this.#holder.clientHeight) };
  }

  #remake(): void {
    const timeline = this.#shown;
    if (!timeline) return;
    this.#plot?.destroy();
    const plot = new uPlot(this.#options(timeline), dataOf(timeline), this.#holder);
    this.#plot = plot;
    plot.over.addEventListener('pointerdown', () => (this.#dragging = true));
    plot.over.addEventListener('pointerleave', () => this.#events.onBucket(undefined));
  }

  #options(timeline: Timeline): uPlot.Options {
    const style = getComputedStyle(this.#holder);
    const token = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: token('--muted'),
      font: `11px ${style.fontFamily}`,
      ticks: { show: false },
      grid: { stroke: token('--line'), width: 1 },
    };
    const current = () => this.#shown ?? timeline;
    const alone = timeline.groups.length === 1;
    return {
      ...this.#size(),
      padding: [10, 0, 0, 0],
      legend: { show: false },
      focus: { alpha: 0.3 },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
        bind: {
          dblclick: () => () => {
            this.#events.onLeave();
            return null;
          },
        },
      },
      scales: {
        x: { time: false, range: () => [current().from, current().until] },
        y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.12 : 1] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          gap: 6,
          space: 90,
          incrs: TIME_STEPS,
          splits: localSplits,
          values: (plot, ticks) => {
            const texts = formatTicks(ticks, current().until - current().from);
            // A label that the left edge would cut is left out.
            return texts.map((text, i) => (plot.valToPos(ticks[i], 'x') < 3.2 * text.length ? '' : text));
          },
        },
        {
          ...axis,
          side: 1,
          gap: 8,
          space: 34,
          ...(timeline.unit === 'bytes' ? { incrs: POWERS_OF_TWO } : {}),
          values: (_plot, ticks) => ticks.map((tick) => label(tick, current())),
          size: (_plot, labels) =>
            Math.max(44, 14 + 6.4 * Math.max(0, ...(labels ?? []).map((text) => text.length))),
        },
      ],
      series: [
        {},
        ...timeline.groups.map((group, i): uPlot.Series => {
          const colour = token(alone ? '--accent' : `--line-${(i % 8) + 1}`);
          return {
            label: group.label ?? '',
            stroke: colour,
            width: alone ? 1.25 : 1.5,
            ...(alone ? { fill: token('--accent-soft') } : {}),
            points: { show: false },
            paths: stepsOf(() => current().step),
          };
        }),
      ],
      hooks: {
        setCursor: [(plot) => this.#events.onBucket(bucketAt(plot, current()))],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < LEAST_DRAG_PX) return;
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            this.#dragging = false;
            this.#events.onSelect(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
          },
        ],
      },
    };
  }
}

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const TIME_STEPS = [
  S,
  2 * S,
  5 * S,
  10 * S,
  30 * S,
  M,
  2 * M,
  5 * M,
  10 * M,
  15 * M,
  30 * M,
  H,
  2 * H,
  3 * H,
  6 * H,
  12 * H,
  24 * H,
  48 * H,
  168 * H,
];

const POWERS_OF_TWO = Array.from({ length: 60 }, (_, i) => 2 ** i);

/** An axis without data has no scale worth naming. */
function label(tick: number, { type, kind, groups }: Timeline): string {
  if (groups.every(({ values }) => values.every((value) => !value))) return '';
  return tick === 0 ? '0' : formatRate(tick, type, kind);
}

/** Ticks at round local times: midnight is midnight here, not in Greenwich. */
function localSplits(_plot: uPlot, _axis: number, low: number, high: number, step: number): number[] {
  const zone = -new Date(low).getTimezoneOffset() * M;
  const ticks: number[] = [];
  for (let at = Math.ceil((low + zone) / step) * step - zone; at <= high; at += step) ticks.push(at);
  return ticks;
}

function dataOf({ start, step, groups }: Timeline): uPlot.AlignedData {
  const length = Math.max(0, ...groups.map((group) => group.values.length));
  const starts = Array.from({ length }, (_, i) => start + i * step);
  return [starts, ...groups.map((group) => [...group.values])];
}

function bucketAt(plot: uPlot, { start, step, groups }: Timeline): number | undefined {
  const { left } = plot.cursor;
  if (left == null || left < 0) return undefined;
  const index = Math.floor((plot.posToVal(left, 'x') - start) / step);
  return index >= 0 && index < (groups[0]?.values.length ?? 0) ? index : undefined;
}

function stepsOf(step: () => number): uPlot.Series.PathBuilder {
  return (plot, series) => {
    const stroke = new Path2D();
    const fill = new Path2D();
    const [starts] = plot.data;
    const x = (at: number) => plot.valToPos(at, 'x', true);
    const edge = (i: number) => (i < starts.length ? x(starts[i]) : x(starts[starts.length - 1] + step()));
    const y = (value: number) => plot.valToPos(value, 'y', true);
    drawSteps(plot.data[series], edge, y, y(0), stroke, fill);
    return { stroke, fill };
  };
}
