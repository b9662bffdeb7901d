import { type FlameGraph, FlameGraphBuilder } from '@everflame/profile';
import type { Filter } from '../store/filter.ts';
import type { Reader } from '../store/reader.ts';
import { CPU_TYPE, type Measure, WALL_TYPE } from './measure.ts';
import { type Note, noDataNote, nylasNote, waitingNote } from './notes.ts';
import { type Plan, planned } from './planner.ts';
import type { Selector } from './selector.ts';
import type { Symbols } from './symbols.ts';
import type { TimeRange } from './time-range.ts';

export interface FlameGraphQuestion {
  readonly selector: Selector;
  readonly measure: Measure;
  readonly range: TimeRange;
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

/** One tree for one question. */
export async function answerFlameGraph(
  reader: Reader,
  symbols: Symbols,
  question: FlameGraphQuestion,
  { plan, ever }: { readonly plan: Plan; readonly ever: Plan },
): Promise<FlameGraphAnswer> {
  const { selector, measure } = question;
  const { range } = plan;
  const filter = planned({ ...selector, types: [measure.stored] }, plan);
  const seen: Filter = {
    ...filter,
    types: measure.stored === CPU_TYPE ? [CPU_TYPE, WALL_TYPE] : [measure.stored],
  };
  const slice = Math.max(5000, Math.round((range.until - range.from) / 2000));
  const [sums, stats, covered, nylas] = await Promise.all([
    reader.sumByStack(filter, measure.kind, measure.perPeriod),
    reader.stats(seen),
    reader.coveredMs(filter, slice),
    nylasNote(reader, filter, measure),
  ]);
  const { table, pathOf } = await symbols.resolve(reader, sums.stacks, filter);
  const builder = new FlameGraphBuilder(table);
  sums.stacks.forEach((stack, i) => {
    builder.add(pathOf(stack), sums.values[i]);
  });

  const notes: Note[] = [];
  const profiles = stats.find(({ type }) => type === measure.stored)?.profiles ?? 0;
  const waiting = waitingNote(measure, stats);
  if (waiting) notes.push(waiting);
  else if (profiles === 0) notes.push(await noDataNote(reader, planned(filter, ever)));
  if (nylas) notes.push(nylas);
  const { focus, minShare } = question;
  if (focus !== undefined && !builder.has(focus)) {
    notes.push({
      code: 'focus_not_found',
      message: 'The box in focus is not in this selection: all of it is shown.',
    });
  }
  return {
    graph: builder.build({ minShare, ...(focus !== undefined && { focus }) }),
    profiles,
    seconds: Math.min(covered, range.until - range.from) / 1000,
    plan,
    notes,
  };
}
