/** Labels of samples as the server takes them: names, lengths and how many of them; equal sets are one object. */
export interface LabelSet {
  readonly key: string;
  /** In name order. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** The same without ids of single requests, which make no series on the server. */
  readonly series: LabelSet;
}

/** As in packages/profile/src/model/labels.ts and packages/server/src/ingest/app-name.ts, characters. */
const MAX_LABELS = 32;
const MAX_NAME = 200;
const MAX_VALUE = 2048;
/** packages/server/src/store/series-rows.ts: NEVER_SERIES. */
const IDS = new Set(['trace_id', 'span_id', 'profile_id']);

export const NO_LABELS: LabelSet = makeEmpty();

function makeEmpty(): LabelSet {
  const pairs: LabelSet['pairs'] = [];
  const empty: { key: string; pairs: LabelSet['pairs']; series?: LabelSet } = { key: '', pairs };
  empty.series = empty as LabelSet;
  return empty as LabelSet;
}

/** Names and values as one set. What are too many are left out, empty values too. */
export function labelSet(labels: Readonly<Record<string, string>>): LabelSet {
  const clean = new Map<string, string>();
  for (const [name, value] of Object.entries(labels)) {
    if (value !== '' && clean.size < MAX_LABELS) clean.set(cleanName(name), cleanValue(value));
  }
  return ofPairs([...clean].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function ofPairs(pairs: [string, string][]): LabelSet {
  if (pairs.length === 0) return NO_LABELS;
  const set: { key: string; pairs: LabelSet['pairs']; series?: LabelSet } = {
    key: JSON.stringify(pairs),
    pairs,
  };
  const series = pairs.filter(([name]) => !IDS.has(name));
  set.series = series.length === pairs.length ? (set as LabelSet) : ofPairs(series);
  return set as LabelSet;
}

export function cleanName(name: string): string {
  const fitting = name.replace(/[^a-zA-Z0-9_.]/g, '_').slice(0, MAX_NAME) || '_';
  // Two underscores in front are notes of other systems, service_name is what the whole process is called.
  if (/^[0-9.]/.test(fitting) || fitting === 'service_name') return `_${fitting}`;
  return fitting.replace(/^__+/, '_');
}

export function cleanValue(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go.
  const fitting = value.replace(/[\x00-\x1f\x7f]/g, ' ');
  return fitting.length <= MAX_VALUE ? fitting : `${fitting.slice(0, MAX_VALUE - 1)}…`;
}

/** packages/server/src/store/series-rows.ts: MAX_LABEL_SETS, the empty one among them. */
const MAX_SERIES = 127;
/** Sets that differ in their ids alone: more than samples of ten seconds at 100 Hz. */
const MAX_ID_SETS = 2048;

/**
 * How many different sets of labels a window may have. What is beyond the bound counts without labels, which is where
 * the server would put it; past the bound of ids a sample keeps its labels and loses its ids.
 */
export class LabelBounds {
  /** Samples that lost their labels or ids. */
  merged = 0;
  readonly #series = new Set<string>();
  readonly #known = new Set<string>();

  within(labels: LabelSet): LabelSet {
    if (labels === NO_LABELS || this.#known.has(labels.key)) return labels;
    const { series } = labels;
    if (series !== NO_LABELS && !this.#series.has(series.key)) {
      if (this.#series.size >= MAX_SERIES) {
        this.merged++;
        return NO_LABELS;
      }
      this.#series.add(series.key);
    }
    if (series !== labels && this.#known.size >= MAX_ID_SETS) {
      this.merged++;
      return series;
    }
    this.#known.add(labels.key);
    return labels;
  }
}
