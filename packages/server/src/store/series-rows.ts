import {
  asSeriesLabels,
  type ColumnMemory,
  formatProfileType,
  frameIds,
  hashString,
  kindOf,
  type Labels,
  NO_LABELS,
  OWN_MEMORY,
  type Profile,
  type ProfileKind,
  type ProfileType,
  sortedLabels,
  stackIds,
} from '@everflame/profile';
import type { NamesInStore } from './known-names.ts';
import { findNewNames, type NewNames, sizeOfNames } from './new-names.ts';
import type { Push } from './push.ts';
import { ProfileSpans, SPAN_COLUMN_LABELS, type SpanSamples, sizeOfSpans } from './spans.ts';

/** A row of `profiles`, and what `series` says of it. */
export interface SeriesRow {
  readonly service: string;
  readonly type: string;
  readonly kind: ProfileKind;
  readonly labels: readonly [string, string][];
  readonly series: bigint;
  readonly total: bigint;
  /** Ids in ascending order, each once: neighbouring rows then look alike, and compress to a third. */
  readonly stacks: BigUint64Array;
  readonly values: BigInt64Array;
  /** Of these samples those that were taken in a span; most rows have none. */
  readonly spans?: SpanSamples;
}

/** A profile turned into rows: all that its identity has no part in, and so can be done anywhere. */
export interface PreparedProfile {
  readonly rows: readonly SeriesRow[];
  readonly names: NewNames;
  readonly period: bigint;
  readonly mergedLabelSets: number;
}

/** A push turned into rows. */
export interface PreparedPush extends PreparedProfile, Omit<Push, 'profile'> {}

/** Whose profile it is, and from when. */
export type ProfileOwner = Pick<Push, 'service' | 'labels' | 'startNanos'>;

/** Bytes that a push takes while it waits. */
export function sizeOf({ rows, names }: PreparedProfile): number {
  const perRow = 500;
  return rows.reduce(
    (sum, row) => sum + row.stacks.byteLength * 2 + sizeOfSpans(row.spans) + perRow,
    sizeOfNames(names),
  );
}

/**
 * Label sets of single samples that one profile may have. Each becomes a series; a label with a value per request
 * would make more series than profiles, so beyond the bound samples count for the process as a whole.
 */
export const MAX_LABEL_SETS = 128;

/**
 * Splits a profile into its series: one for each profile type and label set of its samples. A type without any sample
 * still makes a row, with nothing in it: "was watched, and idle" is not the same as "was not there".
 *
 * @param owner service and labels of the process, start of the window
 * @param known names that need not be written
 * @param memory for what is not returned
 */
export function prepareProfile(
  owner: ProfileOwner,
  profile: Profile,
  known: NamesInStore,
  memory: ColumnMemory = OWN_MEMORY,
): PreparedProfile {
  const frames = frameIds(profile.frames, profile.strings, memory);
  const stacks = stackIds(profile.stacks, frames, memory);
  const { groups, groupOf, merged } = groupLabelSets(profile);
  const order = sortSamples(profile, stacks, groupOf, groups.length);
  const spans = ProfileSpans.of(profile.labelSets);
  const rows: SeriesRow[] = [];
  profile.types.forEach((type, t) => {
    const before = rows.length;
    let start = 0;
    while (start < order.length) {
      const group = groupOf[profile.samples.labels[order[start]]];
      let end = start;
      while (end < order.length && groupOf[profile.samples.labels[order[end]]] === group) end++;
      const samples = order.subarray(start, end);
      const values = profile.samples.values[t];
      const sums = sumByStack(profile, stacks, samples, values);
      if (sums.stacks.length > 0) {
        const inSpans = spans?.sums(profile, stacks, samples, values);
        const row = seriesRow(owner, type, groups[group], sums);
        rows.push(inSpans ? { ...row, spans: inSpans } : row);
      }
      start = end;
    }
    if (rows.length === before) rows.push(seriesRow(owner, type, NO_LABELS, EMPTY));
  });
  const names = findNewNames(owner.service, owner.startNanos, profile, { frames, stacks }, known);
  return { rows, names, period: profile.period, mergedLabelSets: merged };
}

interface Sums {
  readonly stacks: BigUint64Array;
  readonly values: BigInt64Array;
  readonly total: bigint;
}

const EMPTY: Sums = { stacks: new BigUint64Array(), values: new BigInt64Array(), total: 0n };

function seriesRow(owner: ProfileOwner, type: ProfileType, sampleLabels: Labels, sums: Sums): SeriesRow {
  const typeName = formatProfileType(type);
  const labels = sortedLabels({ ...sampleLabels, ...owner.labels });
  return {
    service: owner.service,
    type: typeName,
    kind: kindOf(type),
    labels,
    series: hashString(`${owner.service}\0${typeName}\0${JSON.stringify(labels)}`),
    ...sums,
  };
}

/** Which label set of the profile goes to which series: sets that differ only in ids or numbers are one. */
function groupLabelSets(profile: Profile): { groups: Labels[]; groupOf: Uint32Array; merged: number } {
  const [first, second] = profile.labelSets;
  if (second === undefined && (first === undefined || Object.keys(first.text).length === 0)) {
    return { groups: [NO_LABELS], groupOf: new Uint32Array(1), merged: 0 };
  }
  const groups: Labels[] = [];
  const index = new Map<string, number>();
  let merged = 0;
  const place = (labels: Labels): number => {
    const key = JSON.stringify(sortedLabels(labels));
    const known = index.get(key);
    if (known !== undefined) return known;
    if (groups.length >= MAX_LABEL_SETS) {
      merged++;
      return place(NO_LABELS);
    }
    index.set(key, groups.length);
    return groups.push(labels) - 1;
  };
  // The set without labels has a place from the start, so that what does not fit has somewhere to go.
  place(NO_LABELS);
  const places = profile.labelSets.map((set) => {
    const labels = Object.entries(asSeriesLabels({ text: set.text, numbers: {} }));
    return place(Object.fromEntries(labels.filter(([name]) => !SPAN_COLUMN_LABELS.has(name))));
  });
  const groupOf = new Uint32Array(places);
  return { groups, groupOf, merged };
}

/** Indices of the samples in order of series and stack id. */
function sortSamples(
  profile: Profile,
  stacks: Uint32Array,
  groupOf: Uint32Array,
  groups: number,
): Uint32Array {
  const { length, stack, labels } = profile.samples;
  if (groups === 1 && length <= MAX_INDEX) return sortByStack(stack, stacks);
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  return order.sort(
    (a, b) => groupOf[labels[a]] - groupOf[labels[b]] || compareIds(stacks, stack[a], stack[b]),
  );
}

/** A double holds 53 bits: 32 of an id, and 21 of an index. */
const MAX_INDEX = 2 ** 21;

/**
 * The same where all samples are of one series, without a call for each comparison: the high words are sorted as
 * numbers that carry their index, and the few that are equal are put in order by their low words.
 */
function sortByStack(stack: Uint32Array, stacks: Uint32Array): Uint32Array {
  const { length } = stack;
  const keys = new Float64Array(length);
  for (let i = 0; i < length; i++) keys[i] = stacks[stack[i] * 2 + 1] * MAX_INDEX + i;
  keys.sort();
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const index = keys[i] % MAX_INDEX;
    let at = i;
    for (; at > 0 && compareIds(stacks, stack[order[at - 1]], stack[index]) > 0; at--)
      order[at] = order[at - 1];
    order[at] = index;
  }
  return order;
}

function compareIds(stacks: Uint32Array, a: number, b: number): number {
  return stacks[a * 2 + 1] - stacks[b * 2 + 1] || stacks[a * 2] - stacks[b * 2];
}

/** Adds up the values of equal stacks; `order` has equal stacks side by side. Stacks without value are left out. */
function sumByStack(profile: Profile, stacks: Uint32Array, order: Uint32Array, values: BigInt64Array): Sums {
  const ids = new BigUint64Array(order.length);
  const idWords = new Uint32Array(ids.buffer);
  const sums = new BigInt64Array(order.length);
  let count = 0;
  let total = 0n;
  for (let i = 0; i < order.length; ) {
    const stack = profile.samples.stack[order[i]] * 2;
    const low = stacks[stack];
    const high = stacks[stack + 1];
    let sum = 0n;
    for (; i < order.length; i++) {
      const other = profile.samples.stack[order[i]] * 2;
      if (stacks[other] !== low || stacks[other + 1] !== high) break;
      sum += values[order[i]];
    }
    if (sum === 0n) continue;
    idWords[count * 2] = low;
    idWords[count * 2 + 1] = high;
    sums[count++] = sum;
    total += sum;
  }
  if (BigInt.asIntN(64, total) !== total) total = total > 0n ? 0x7fffffffffffffffn : -0x8000000000000000n;
  return { stacks: ids.slice(0, count), values: sums.slice(0, count), total };
}
