/** A time range as it stands in the URL: dates as people and the API write them. */
export interface Range {
  readonly from: string;
  readonly until: string;
}

export interface Preset {
  readonly label: string;
  readonly name: string;
  readonly from: string;
  readonly seconds: number;
}

export const PRESETS: readonly Preset[] = [
  { label: '5 m', name: 'Last 5 minutes', from: '-5minutes', seconds: 300 },
  { label: '15 m', name: 'Last 15 minutes', from: '-15minutes', seconds: 900 },
  { label: '1 h', name: 'Last hour', from: '-1h', seconds: 3600 },
  { label: '6 h', name: 'Last 6 hours', from: '-6h', seconds: 21_600 },
  { label: '24 h', name: 'Last 24 hours', from: '-24h', seconds: 86_400 },
  { label: '7 d', name: 'Last 7 days', from: '-7d', seconds: 604_800 },
];

const UNITS: readonly (readonly [pattern: RegExp, seconds: number])[] = [
  [/^s(ec(ond)?s?)?$/, 1],
  [/^m(in(ute)?s?)?$/, 60],
  [/^h((ou)?rs?)?$/, 3600],
  [/^d(ays?)?$/, 86_400],
  [/^w(eeks?)?$/, 604_800],
];

/** Seconds before now that `-15minutes`, `-1h`, `now-1h` or `2 hours ago` mean; undefined for other dates. */
export function secondsAgo(date: string): number | undefined {
  const text = date.trim().toLowerCase();
  if (text === 'now') return 0;
  const match =
    /^(?:now)?-\s*(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text) ?? /^(\d+(?:\.\d+)?)\s*([a-z]+)\s+ago$/.exec(text);
  if (!match) return undefined;
  const unit = UNITS.find(([pattern]) => pattern.test(match[2]));
  return unit && Number(match[1]) * unit[1];
}

/** The preset that a range is, however it is spelled: `-1hour` is `-60m`. */
export function presetOf({ from, until }: Range): Preset | undefined {
  if (secondsAgo(until) !== 0) return undefined;
  const seconds = secondsAgo(from);
  return PRESETS.find((preset) => preset.seconds === seconds);
}

/** A range that moves with the clock: its end is now. What is known to stand still is not asked for again. */
export function isLive({ until }: Range): boolean {
  return secondsAgo(until) === 0;
}

/** The range that stands where the clock is now: what pausing a live view, or dragging on the timeline, makes of it. */
export function pinned(from: number, until: number): Range {
  return { from: String(Math.floor(from)), until: String(Math.ceil(until)) };
}

/** The live range about as long as `seconds`. */
export function nearestPreset(seconds: number): Preset {
  const distance = (preset: Preset) => Math.abs(Math.log(preset.seconds / Math.max(1, seconds)));
  return PRESETS.reduce((best, preset) => (distance(preset) < distance(best) ? preset : best));
}

/** Three times as long around the same middle, but not past `now`: the way out of a range that came with a link. */
export function widened(from: number, until: number, now: number): Range {
  const length = Math.max(1000, until - from);
  return pinned(from - length, Math.max(until, Math.min(now, until + length)));
}

const LENGTHS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'minutes'],
  [1, 's'],
];

function ago(seconds: number): string {
  if (seconds === 0) return 'now';
  const [size, unit] = LENGTHS.find(([length]) => seconds % length === 0) ?? [1, 's'];
  return `-${Math.round(seconds / size)}${unit}`;
}

/**
 * The range that lies `seconds` before this one: relative where this one is, so that it moves along.
 *
 * @param known the range as the server understood it, unix ms, for dates that the page does not read
 */
export function shifted(range: Range, seconds: number, known: { from: number; until: number }): Range {
  const [from, until] = [secondsAgo(range.from), secondsAgo(range.until)];
  if (from !== undefined && until !== undefined)
    return { from: ago(from + seconds), until: ago(until + seconds) };
  return pinned(known.from - seconds * 1000, known.until - seconds * 1000);
}

/** Where a date lies, unix ms, as far as the page can tell without the server. */
export function momentOf(date: string, now: number): number | undefined {
  const seconds = secondsAgo(date);
  if (seconds !== undefined) return now - seconds * 1000;
  return /^\d{12,}$/.test(date) ? Number(date) : undefined;
}
