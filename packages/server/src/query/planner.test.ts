import { describe, expect, it } from 'vitest';
import { DEFAULT_KEPT, Retention } from '../store/retention.ts';
import { RollupCoverage } from '../store/rollup-coverage.ts';
import { FIVE_MINUTES, ONE_HOUR, type RollupLevel } from '../store/rollup-level.ts';
import { finestSince, type Kept, type PlanOptions, planEver, planRange } from './planner.ts';
import { parseSelector } from './selector.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 4, 20, 12, 7);
const time = (text: string) => Date.parse(`2026-${text}Z`);
const SHOP = parseSelector('shop');

function kept(touched: string[] = [], retention = new Retention(), classes = ['default']): Kept {
  const boundaries = new Map<RollupLevel, number>([
    [FIVE_MINUTES, time('05-20T12:05')],
    [ONE_HOUR, time('05-20T12:00')],
  ]);
  const coverages = new Map<RollupLevel, RollupCoverage>();
  for (const [level, boundary] of boundaries) {
    const coverage = new RollupCoverage(level);
    coverage.settle(1, boundary, []);
    for (const one of touched) coverage.touch(time(one), 2);
    coverages.set(level, coverage);
  }
  const coverage = (level: RollupLevel) => coverages.get(level) ?? new RollupCoverage(level);
  return { rollups: { coverage, dropLabels: ['host'] }, retention, classes };
}

function plan(
  from: string,
  until: string,
  options: { kept?: Kept; query?: string } & PlanOptions = {},
): string[] {
  const { kept: given = kept(), query = 'shop', ...rest } = options;
  const range = { from: time(from), until: time(until) };
  const { segments } = planRange(range, parseSelector(query), given, rest, NOW);
  return segments.map(({ table, from, until }) => {
    const text = (at: number) => new Date(at).toISOString().slice(5, 16);
    return `${table} ${text(from)} ${text(until)}`;
  });
}

describe('planRange', () => {
  it('takes hours in the middle, five minutes beside them, profiles at the ends', () => {
    expect(plan('05-20T08:58', '05-20T12:07')).toEqual([
      'profiles 05-20T08:58 05-20T09:00',
      'profiles_1h 05-20T09:00 05-20T12:00',
      'profiles_5m 05-20T12:00 05-20T12:05',
      'profiles 05-20T12:05 05-20T12:07',
    ]);
    expect(plan('05-20T11:52', '05-20T12:04')).toEqual([
      'profiles 05-20T11:52 05-20T11:55',
      'profiles_5m 05-20T11:55 05-20T12:00',
      'profiles 05-20T12:00 05-20T12:04',
    ]);
  });

  it('reads the profiles of buckets that were written into since', () => {
    expect(plan('05-20T08:00', '05-20T11:00', { kept: kept(['05-20T09:31']) })).toEqual([
      'profiles_1h 05-20T08:00 05-20T09:00',
      'profiles_5m 05-20T09:00 05-20T09:30',
      'profiles 05-20T09:30 05-20T09:35',
      'profiles_5m 05-20T09:35 05-20T10:00',
      'profiles_1h 05-20T10:00 05-20T11:00',
    ]);
  });

  it('rounds outward where only buckets are left, and says so', () => {
    const range = { from: time('05-01T10:03'), until: time('05-01T10:58') };
    const five = planRange(range, SHOP, kept(), {}, NOW);
    expect(five).toMatchObject({
      isRounded: true,
      range: { from: time('05-01T10:00'), until: time('05-01T11:00') },
      segments: [{ table: 'profiles_1h' }],
    });
    expect(plan('05-01T10:03', '05-01T10:41')).toEqual(['profiles_5m 05-01T10:00 05-01T10:45']);
    expect(plan('02-01T10:03', '02-01T10:41')).toEqual(['profiles_1h 02-01T10:00 02-01T11:00']);
    expect(planRange({ from: NOW - HOUR, until: NOW }, SHOP, kept(), {}, NOW).isRounded).toBe(false);
  });

  it('keeps to buckets that are no wider than a timeline’s', () => {
    expect(plan('05-20T08:00', '05-20T10:00', { resolution: 10_000 })).toEqual([
      'profiles 05-20T08:00 05-20T10:00',
    ]);
    expect(plan('05-20T08:00', '05-20T10:00', { resolution: 15 * MINUTE })).toEqual([
      'profiles_5m 05-20T08:00 05-20T10:00',
    ]);
    expect(finestSince(NOW - HOUR, kept(), NOW)).toBeUndefined();
    expect(finestSince(NOW - 20 * DAY, kept(), NOW)).toBe(5 * MINUTE);
    expect(finestSince(NOW - 200 * DAY, kept(), NOW)).toBe(HOUR);
  });

  it('does without the hour for a label that it has dropped, and says when that cannot be', () => {
    const query = 'shop{host="a"}';
    expect(plan('05-20T08:00', '05-20T10:00', { query })).toEqual(['profiles_5m 05-20T08:00 05-20T10:00']);
    expect(() => plan('02-01T08:00', '02-01T10:00', { query })).toThrow(/without the label host/);
    expect(() => plan('02-01T08:00', '02-01T10:00', { by: 'host' })).toThrow(/label host/);
    expect(plan('02-01T08:00', '02-01T10:00', { query: 'shop{env="x"}' })).toHaveLength(1);
    expect(planEver(parseSelector(query), kept(), NOW).range.from).toBe(time('04-20T00:00'));
  });

  it('covers every moment once, whatever was touched', () => {
    for (let i = 0; i < 300; i++) {
      const from = NOW - Math.floor(Math.random() * 40 * DAY);
      const until = from + Math.ceil(Math.random() * (NOW - from));
      const touched = Array.from({ length: i % 7 }, () =>
        new Date(from + Math.random() * (until - from)).toISOString().slice(5, 16),
      );
      const { segments, range } = planRange({ from, until }, SHOP, kept(touched), {}, NOW);
      expect(segments[0].from).toBe(range.from);
      expect(segments.at(-1)?.until).toBe(range.until);
      segments.slice(1).forEach((segment, n) => {
        expect(segment.from).toBe(segments[n].until);
      });
      expect(range.from).toBeLessThanOrEqual(from);
      expect(range.until).toBeGreaterThanOrEqual(until);
    }
  });

  it('takes what all classes of the selection have', () => {
    const long = { ...DEFAULT_KEPT, profiles: 20 * DAY };
    const retention = new Retention(DEFAULT_KEPT, [
      { name: 'long', match: [{ label: 'service_name', operator: '=', value: 'shop' }], kept: long },
    ]);
    expect(retention.classOf('shop', {})).toBe('long');
    expect(retention.classOf('cart', {})).toBe('default');
    const both = kept([], retention, ['default', 'long']);
    const one = kept([], retention, ['long']);
    expect(plan('05-05T10:01', '05-05T10:04', { kept: both })).toEqual([
      'profiles_5m 05-05T10:00 05-05T10:05',
    ]);
    expect(plan('05-05T10:01', '05-05T10:04', { kept: one })).toEqual(['profiles 05-05T10:01 05-05T10:04']);
  });
});
