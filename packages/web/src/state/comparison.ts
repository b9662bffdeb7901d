import { decodeFlameGraph, difference, functionChanges, transformed } from '@everflame/profile';
import { computed, effect, untracked } from '@preact/signals';
import type { FlameGraphAnswer } from '../api/types.ts';
import { layOut } from '../flame/layout.ts';
import { type Band, bands } from './bands.ts';
import { clock } from './clock.ts';
import {
  dropped,
  graph,
  picture,
  question,
  type ShownGraph,
  showsFile,
  timelineRange,
  transforms,
} from './data.ts';
import { momentOf, type Range, shifted } from './range.ts';
import { Resource } from './resource.ts';
import { withoutLabel } from './selector.ts';
import { VERSION_LABEL } from './versions.ts';
import { view } from './view.ts';

/** The other side of a comparison, as it came. */
export const baseGraph = new Resource<FlameGraphAnswer, ShownGraph>('flamegraph', (raw) => {
  const { graph: wire, ...answer } = raw;
  const decoded = decodeFlameGraph(wire);
  return { answer, graph: decoded, layout: layOut(decoded) };
});

/** The other side with what was done to this one. */
const basePicture = computed<ShownGraph | undefined>(() => {
  const from = baseGraph.value.value;
  if (!from || transforms.value.length === 0) return from;
  const made = transformed(from.graph, transforms.value);
  return { answer: { ...from.answer, total: made.total[0] }, graph: made, layout: layOut(made) };
});

/** Seconds of the range in the address, as far as the page can tell. */
function secondsOf({ from, until }: Range): number {
  const now = Date.now();
  const [first, last] = [momentOf(from, now), momentOf(until, now)];
  const known = graph.value.peek()?.answer;
  const length =
    first !== undefined && last !== undefined ? last - first : known ? known.until - known.from : 900_000;
  return Math.max(1, Math.round(length / 1000));
}

/** The range `seconds` before the one that is shown; its own length before where nothing is said. */
export function rangeBefore(seconds?: number): Range {
  const range: Range = view.value;
  const known = graph.value.peek()?.answer ?? { from: Date.now() - 900_000, until: Date.now() };
  return shifted(range, seconds ?? secondsOf(range), known);
}

/** What the other side is asked by: what the address says of it, else the time before. */
export const baseQuestion = computed(() => {
  const asked = question.value;
  const { view: name, base, baseFrom, baseUntil } = view.value;
  if (name !== 'diff') return undefined;
  if (showsFile.value) {
    // A file has no time that another one could lie before: what it is compared with must be said.
    const type = dropped.value?.answer.type;
    if (base === undefined || type === undefined) return undefined;
    return { query: base, type, from: baseFrom ?? '-1h', until: baseUntil ?? 'now' };
  }
  if (!asked) return undefined;
  const isSaid = base !== undefined || baseFrom !== undefined || baseUntil !== undefined;
  const range = isSaid ? { from: baseFrom ?? asked.from, until: baseUntil ?? asked.until } : rangeBefore();
  return { query: base ?? asked.query, type: asked.type, ...range };
});

/** Whether shares are compared: where it is wanted, and where a file does not say over which time it was taken. */
export const comparesShares = computed(() => {
  const file = showsFile.value ? dropped.value : undefined;
  return (
    view.value.relative || (file !== undefined && file.answer.kind === 'flow' && file.answer.seconds <= 0)
  );
});

export const comparison = computed(() => {
  const now = picture.value;
  const before = basePicture.value;
  if (view.value.view !== 'diff' || !now || !before || now.answer.type !== before.answer.type)
    return undefined;
  const scale = scaleOf(before, now, comparesShares.value);
  const both = difference(before.graph, now.graph, scale);
  return {
    now,
    before,
    scale,
    nodes: both,
    layout: layOut(both.graph),
    functions: functionChanges(before.graph, now.graph, scale),
  };
});

/**
 * What values of the other side are multiplied by: seconds watched here over seconds watched there, so that twenty minutes
 * of one version compare with an hour of another; totals, where shares are compared. Levels are averages already.
 */
function scaleOf(before: ShownGraph, now: ShownGraph, relative: boolean): number {
  if (relative) return before.graph.total[0] > 0 ? now.graph.total[0] / before.graph.total[0] : 1;
  if (now.answer.kind === 'level') return 1;
  return before.answer.seconds > 0 ? now.answer.seconds / before.answer.seconds : 1;
}

/** More than this many times the range that is compared is not drawn for the sake of the other. */
const WIDEST = 12;

let started = false;

/** Asks for the other side, and for a timeline that shows both; from the first comparison on. */
export function startComparison(): void {
  if (started) return;
  started = true;
  effect(() => {
    clock.ticks.value;
    const asked = baseQuestion.value;
    if (asked) untracked(() => baseGraph.load({ ...asked, min: 0 }));
  });
  effect(() => {
    const asked = question.value;
    const base = baseQuestion.value;
    timelineRange.value =
      asked && base ? { ...both(asked, base), ...versionsOf(asked.query, base.query) } : undefined;
  });
  effect(() => {
    bands.value = bandsOf(comparison.value);
  });
}

/** What is compared, as stretches of the timeline, where the two are different times. */
function bandsOf(compared: typeof comparison.value): readonly Band[] {
  if (!compared) return [];
  const { now, before } = compared;
  // Two answers to a live range are some milliseconds apart.
  const length = now.answer.until - now.answer.from;
  if (Math.abs(now.answer.from - before.answer.from) < length / 20) return [];
  return [
    { kind: 'before', from: before.answer.from, until: before.answer.until },
    { kind: 'now', from: now.answer.from, until: now.answer.until },
  ];
}

/** Where two versions of a service are compared, the timeline shows them both, and how the one took over from the other. */
function versionsOf(one: string, other: string): { query: string; by: string } | undefined {
  const query = withoutLabel(one, VERSION_LABEL);
  return one !== other && query === withoutLabel(other, VERSION_LABEL)
    ? { query, by: VERSION_LABEL }
    : undefined;
}

function both(one: Range, other: Range): Range | undefined {
  const now = Date.now();
  const moments = [one.from, one.until, other.from, other.until].map((date) => momentOf(date, now));
  const [from, until, otherFrom, otherUntil] = moments;
  if (from === undefined || until === undefined || otherFrom === undefined || otherUntil === undefined)
    return undefined;
  const widest = Math.max(until, otherUntil) - Math.min(from, otherFrom);
  if (widest > WIDEST * (until - from)) return undefined;
  return {
    from: otherFrom < from ? other.from : one.from,
    until: otherUntil > until ? other.until : one.until,
  };
}
