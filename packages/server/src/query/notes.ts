import type { TypeFacts } from '../store/facts.ts';
import type { Filter } from '../store/filter.ts';
import type { Reader } from '../store/reader.ts';
import { CPU_TYPE, type Measure, WALL_TYPE } from './measure.ts';

/** What a reader of a picture must know about it. */
export interface Note {
  readonly code: 'mostly_waiting' | 'nylas_sampler' | 'no_data' | 'focus_not_found';
  readonly message: string;
  /** mostly_waiting: the type that shows where the time goes. */
  readonly type?: string;
  /** mostly_waiting: time on CPU as a share of the time watched. */
  readonly share?: number;
  /** no_data: end of the last window of this selection at any time, unix ms; null where there never was one. */
  readonly lastSeen?: number | null;
}

/** Under this share of the time on a CPU, a service is said to be waiting. */
const WAITING_SHARE = 0.05;

/** A service that is not on a CPU gives an all but empty picture: say why, and where its time is. */
export function waitingNote(measure: Measure, facts: readonly TypeFacts[]): Note | undefined {
  if (measure.stored !== CPU_TYPE) return undefined;
  const total = (type: string) => facts.find((one) => one.type === type)?.total ?? 0;
  const wall = total(WALL_TYPE);
  const share = wall > 0 ? total(CPU_TYPE) / wall : 1;
  if (share >= WAITING_SHARE) return undefined;
  const percent = (share * 100).toFixed(share < 0.001 ? 2 : 1);
  return {
    code: 'mostly_waiting',
    message: `On a CPU for only ${percent} % of the time: it mostly waits. Its wall time shows where.`,
    type: WALL_TYPE,
    share,
  };
}

/** nylas' sampler counts less than the truth; whoever looks at its totals must know. */
export function nylasNote(facts: TypeFacts | undefined): Note | undefined {
  if (facts?.type !== CPU_TYPE || !facts.nylas || facts.total <= 0) return undefined;
  return {
    code: 'nylas_sampler',
    message:
      'Some of these profiles were polled as nylas’ sampler’s, which sees 33–45 % of the CPU time: ' +
      'shares are right, totals are low. Everflame’s own agent measures in full, polled or pushing.',
  };
}

/** Spans are looked for in the range only: at any time would mean to read all that is kept. */
export const NO_SPAN: Note = {
  code: 'no_data',
  message:
    'No sample of this span and type lies in this time range. Spans are kept as long as single profiles are, ' +
    'and a span of some milliseconds may never have been sampled.',
  lastSeen: null,
};

/** @param anyTime the same selection, whenever */
export async function noDataNote(reader: Reader, anyTime: Filter): Promise<Note> {
  const lastSeen = (await reader.facts(anyTime))[0]?.last ?? null;
  return {
    code: 'no_data',
    message:
      lastSeen === null
        ? 'No profile of this selection and type was ever stored.'
        : 'No profile of this selection and type lies in this time range.',
    lastSeen,
  };
}
