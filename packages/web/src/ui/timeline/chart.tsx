import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Timeline } from '../../api/types.ts';
import { formatMoment, formatTicks, zoneOffset } from '../../format/time.ts';
import { formatRate } from '../../format/units.ts';
import type { Band } from '../../state/bands.ts';
import type { Deploy } from '../../timeline/deploys.ts';
import { stepPaths } from '../../timeline/text-pen.ts';
import { timeTicks, valueTicks } from '../../timeline/ticks.ts';
import { useWheelZoom } from './wheel-zoom.ts';

export interface ChartProps {
  readonly timeline: Timeline;
  readonly words: string;
  readonly bands: readonly Band[];
  readonly marks: readonly Deploy[];
  /** Words for a value of the axis; the timeline's rate where it is left out. */
  readonly format?: (value: number) => string;
  /** @param other with Shift: the other side of a comparison */
  /** Where the chart says which bucket the pointer is at, where somebody wants to know. */
  readonly hovered?: Signal<number | undefined>;
  onSelect(from: number, until: number, other: boolean): void;
  onLeave(): void;
  onMark(deploy: Deploy): void;
}

/** CSS pixels. */
const TOP = 10;
const FOOT = 26;
const AXIS = 84;
/** Shorter than this, a drag was a click. */
const LEAST_DRAG = 6;

/** Value over time, in steps: one line for each group. Drag selects a stretch, the wheel zooms, a double click leaves. */
export function Chart({
  timeline,
  words,
  bands,
  marks,
  format,
  hovered,
  onSelect,
  onLeave,
  onMark,
}: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const own = useSignal<number | undefined>(undefined);
  const bucket = hovered ?? own;
  const size = useSignal({ width: 0, height: 0 });
  const drag = useSignal<{ from: number; to: number } | undefined>(undefined);
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const measure = () => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    };
    const resizes = new ResizeObserver(measure);
    resizes.observe(element);
    return () => {
      resizes.disconnect();
      bucket.value = undefined;
    };
  }, []);
  const zoomed = useWheelZoom(holder, timeline, AXIS, (first, last) => onSelect(first, last, false));
  const { from, until } = zoomed ?? timeline;
  const { width, height } = size.value;
  const right = Math.max(1, width - AXIS);
  const foot = height - FOOT;
  const x = (at: number) => ((at - from) / (until - from)) * right;
  const at = (px: number) => from + (px / right) * (until - from);

  const place = (event: PointerEvent) => event.clientX - (holder.current?.getBoundingClientRect().left ?? 0);
  const inside = (px: number) => Math.max(0, Math.min(right, px));
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    const px = inside(place(event));
    drag.value = { from: px, to: px };
  };
  const move = (event: PointerEvent) => {
    const px = place(event);
    if (drag.value) drag.value = { ...drag.value, to: inside(px) };
    const index = Math.floor((at(px) - timeline.start) / timeline.step);
    const length = timeline.groups[0]?.values.length ?? 0;
    bucket.value = px >= 0 && px <= right && index >= 0 && index < length ? index : undefined;
  };
  const up = (event: PointerEvent) => {
    const done = drag.value;
    drag.value = undefined;
    if (!done || Math.abs(done.to - done.from) < LEAST_DRAG) return;
    onSelect(at(Math.min(done.from, done.to)), at(Math.max(done.from, done.to)), event.shiftKey);
  };
  const dragged = drag.value;
  return (
    <div ref={holder} class="chart">
      {width > 0 && (
        <svg
          class="chart-picture"
          width={width}
          height={height}
          role="img"
          aria-label={words}
          onPointerDown={down}
          onPointerMove={move}
          onPointerUp={up}
          onPointerCancel={() => (drag.value = undefined)}
          onPointerLeave={() => (bucket.value = undefined)}
          onDblClick={onLeave}
        >
          {bands.map((band) => (
            <rect
              key={band.kind}
              class={`chart-band chart-band-${band.kind}`}
              x={x(band.from)}
              width={Math.max(2, x(band.until) - x(band.from))}
              y={0}
              height={foot}
            />
          ))}
          <ValueAxis timeline={timeline} width={right} foot={foot} format={format} />
          <Lines timeline={timeline} x={x} foot={foot} />
          <TimeAxis from={from} until={until} x={x} width={right} y={height - 8} />
          {marks.map((mark) => (
            <line key={mark.version} class="chart-mark" x1={x(mark.at)} x2={x(mark.at)} y1={16} y2={foot} />
          ))}
          {bucket.value !== undefined && !dragged && (
            <rect
              class="chart-bucket"
              x={x(timeline.start + bucket.value * timeline.step)}
              width={Math.max(1, x(timeline.step) - x(0))}
              y={0}
              height={foot}
            />
          )}
          {dragged && (
            <rect
              class="chart-drag"
              x={Math.min(dragged.from, dragged.to)}
              width={Math.abs(dragged.to - dragged.from)}
              y={0}
              height={foot}
            />
          )}
        </svg>
      )}
      {width > 0 && marks.length > 0 && (
        <ul class="chart-marks" aria-label="New versions">
          {marks.map((mark) => (
            <li
              key={mark.version}
              ref={(element) => {
                if (element) element.style.left = `${Math.min(x(mark.at), right - 40)}px`;
              }}
            >
              <button
                type="button"
                title={`Version ${mark.version} appeared at ${formatMoment(mark.at, until - from)}. What changed?`}
                onClick={() => onMark(mark)}
              >
                {mark.version}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Highest value of a chart, in the unit of its timeline, with some air above. */
function topOf({ groups }: Timeline): number {
  const highest = Math.max(0, ...groups.flatMap(({ values }) => values.map((value) => value ?? 0)));
  return highest > 0 ? highest * 1.12 : 1;
}

function Lines({ timeline, x, foot }: { timeline: Timeline; x: (at: number) => number; foot: number }) {
  const { groups, start, step } = timeline;
  const top = topOf(timeline);
  const y = (value: number) => foot - (value / top) * (foot - TOP);
  const alone = groups.length === 1;
  return (
    <>
      {groups.map(({ label, others, values }, i) => {
        const { line, area } = stepPaths(values, (bucketAt) => x(start + bucketAt * step), y, foot);
        return (
          <g key={`${label} ${others}`} class={alone ? 'chart-alone' : `chart-line-${(i % 8) + 1}`}>
            {alone && <path class="chart-area" d={area} />}
            <path class="chart-line" d={line} />
          </g>
        );
      })}
    </>
  );
}

interface ValueAxisProps {
  readonly timeline: Timeline;
  readonly width: number;
  readonly foot: number;
  readonly format: ((value: number) => string) | undefined;
}

function ValueAxis({ timeline, width, foot, format }: ValueAxisProps) {
  const { type, kind, unit } = timeline;
  const top = topOf(timeline);
  const isEmpty = timeline.groups.every(({ values }) => values.every((value) => !value));
  const ticks = isEmpty ? [0] : valueTicks(top, 3, unit === 'bytes');
  return (
    <>
      {ticks.map((tick) => {
        const y = Math.round(foot - (tick / top) * (foot - TOP)) + 0.5;
        return (
          <g key={tick}>
            <line class="chart-grid" x1={0} x2={width} y1={y} y2={y} />
            {!isEmpty && (
              <text class="chart-label" x={width + 8} y={y + 4}>
                {tick === 0 ? '0' : format ? format(tick) : formatRate(tick, type, kind)}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

interface TimeAxisProps {
  readonly from: number;
  readonly until: number;
  readonly x: (at: number) => number;
  readonly width: number;
  readonly y: number;
}

function TimeAxis({ from, until, x, width, y }: TimeAxisProps) {
  const ticks = timeTicks(from, until, width / 100, zoneOffset);
  const texts = formatTicks(ticks, until - from);
  return (
    <>
      {ticks.map((tick, i) => {
        const middle = x(tick);
        // A label that an edge would cut is left out.
        if (middle < 3.2 * texts[i].length || middle > width - 4) return null;
        return (
          <text key={tick} class="chart-label" x={middle} y={y} text-anchor="middle">
            {texts[i]}
          </text>
        );
      })}
    </>
  );
}
