import type { FlameGraph } from '@everflame/profile';
import type { Filter, SpanFilter } from '../store/filter.ts';
import type { Reader } from '../store/reader.ts';
import { readFacts, readSums } from './cached-reads.ts';
import type { ClosedCache } from './closed-cache.ts';
import { CPU_TYPE, type Measure, WALL_TYPE } from './measure.ts';
import { NO_SPAN, type Note, noDataNote, nylasNote, waitingNote } from './notes.ts';
import { type Plan, planned } from './planner.ts';
import type { Selector } from './selector.ts';
import type { Symbols } from './symbols.ts';
import type { TimeRange } from './time-range.ts';

export interface FlameGraphQuestion {
  readonly selector: Selector;
  readonly measure: Measure;
  readonly range: TimeRange;
  /** Only what was sampled in this span, or in this trace. */
  readonly span?: SpanFilter;
  /** Boxes worth less than this share of the total (of the focused box) are left out, and counted. */
  readonly minShare: number;
  /** Path id of a box whose details are wanted. */
  readonly focus?: string;
}

export interface FlameGraphAnswer {
  readonly graph: FlameGraph;
  /** Windows merged. */
  readonly profiles: number;
  /** Seconds of the range in which anything was watched. */
  readonly seconds: number;
  readonly plan: Plan;
  readonly notes: readonly Note[];
}

/** What is remembered from one question to the next. */
export interface Caches {
  readonly symbols: Symbols;
  readonly closed: ClosedCache;
}

/**
 * One tree for one question.
 *
 * @param version of the rollups when the plan was made
 */
export async function answerFlameGraph(
  reader: Reader,
  caches: Caches,
  question: FlameGraphQuestion,
  { plan, ever, version }: { readonly plan: Plan; readonly ever: Plan; readonly version: number },
): Promise<FlameGraphAnswer> {
  const { selector, measure, span } = question;
  const { range } = plan;
  const filter = planned({ ...selector, types: [measure.stored], ...(span && { span }) }, plan);
  const seen: Filter = {
    ...filter,
    types: measure.stored === CPU_TYPE ? [CPU_TYPE, WALL_TYPE] : [measure.stored],
  };
  const slice = Math.max(5000, Math.round((range.until - range.from) / 2000));
  const closed = caches.closed.at(version);
  const [parts, facts] = await Promise.all([
    readSums(reader, closed, filter, measure),
    readFacts(reader, closed, seen, slice),
  ]);
  const own = facts.find(({ type }) => type === measure.stored);
  const tree = await caches.symbols.treeOf(reader, parts, filter);

  const notes: Note[] = [];
  const profiles = own?.profiles ?? 0;
  const waiting = waitingNote(measure, facts);
  if (waiting) notes.push(waiting);
  else if (profiles === 0 && span) notes.push(NO_SPAN);
  else if (profiles === 0) notes.push(await noDataNote(reader, planned(filter, ever)));
  const nylas = nylasNote(own);
  if (nylas) notes.push(nylas);
  const { focus, minShare } = question;
  if (focus !== undefined && !tree.has(focus)) {
    notes.push({
      code: 'focus_not_found',
      message: 'The box in focus is not in this selection: all of it is shown.',
    });
  }
  return {
    graph: tree.build({ minShare, ...(focus !== undefined && { focus }) }),
    profiles,
    seconds: Math.min(own?.covered ?? 0, range.until - range.from) / 1000,
    plan,
    notes,
  };
}
