import type { TypeFacts } from '../store/facts.ts';
import type { Filter } from '../store/filter.ts';
import type { Reader } from '../store/reader.ts';
import type { StackSums } from '../store/sums.ts';
import { type ClosedCacheView, splitFilter } from './closed-cache.ts';
import type { Measure } from './measure.ts';

/** An id and a double. */
const BYTES_PER_STACK = 16;
const BYTES_PER_FACT = 300;

/**
 * The sums of a selection, in parts that are to be added up. Levels are averages over all of the time covered, which
 * cannot be told from parts: they are read as a whole.
 */
export async function readSums(
  reader: Reader,
  cache: ClosedCacheView,
  filter: Filter,
  { kind, perPeriod }: Measure,
): Promise<StackSums[]> {
  const { closed, open } = splitFilter(filter);
  if (kind === 'level' || !closed) return [await reader.sumByStack(filter, kind, perPeriod)];
  return Promise.all([
    cache.read(
      perPeriod ? 'sums per period' : 'sums',
      closed,
      ({ stacks }) => stacks.length * BYTES_PER_STACK,
      () => reader.sumByStack(closed, kind, perPeriod),
    ),
    ...(open ? [reader.sumByStack(open, kind, perPeriod)] : []),
  ]);
}

/** What is told of a selection, by type. */
export async function readFacts(
  reader: Reader,
  cache: ClosedCacheView,
  filter: Filter,
  slice: number,
): Promise<TypeFacts[]> {
  const { closed, open } = splitFilter(filter);
  const [one, other] = await Promise.all([
    closed &&
      cache.read(
        'facts',
        closed,
        (facts) => facts.length * BYTES_PER_FACT,
        () => reader.facts(closed, slice),
      ),
    open && reader.facts(open, slice),
  ]);
  return mergeFacts(one ?? [], other ?? []);
}

/** Facts of two stretches of time that do not overlap. */
function mergeFacts(one: readonly TypeFacts[], other: readonly TypeFacts[]): TypeFacts[] {
  const byType = new Map(one.map((facts) => [facts.type, facts]));
  for (const facts of other) {
    const known = byType.get(facts.type);
    byType.set(
      facts.type,
      known
        ? {
            type: facts.type,
            profiles: known.profiles + facts.profiles,
            total: known.total + facts.total,
            first: Math.min(known.first, facts.first),
            last: Math.max(known.last, facts.last),
            covered: known.covered + facts.covered,
            nylas: known.nylas || facts.nylas,
          }
        : facts,
    );
  }
  return [...byType.values()];
}
