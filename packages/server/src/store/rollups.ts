import { kindOf, parseProfileType } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import { RollupCoverage } from './rollup-coverage.ts';
import { floorTo, ROLLUP_LEVELS, type RollupLevel } from './rollup-level.ts';
import { computeBuckets, type DirtyBucket, dirtyBuckets } from './rollup-sql.ts';
import { DATABASE } from './schema.ts';

export interface RollupOptions {
  /** Labels that the hour's table does not keep: those that tell single processes apart. */
  readonly dropLabels?: readonly string[];
  /**
   * A row's time of arrival is taken when its insert begins, and it is seen when that has ended: a bucket counts as
   * computed with a row only where this much lies between, ms.
   */
  readonly marginMs?: number;
}

export const DEFAULT_DROP_LABELS: readonly string[] = ['host', 'instance', 'pod', 'pid'];

/** How long after its end a bucket still waits for windows that began in it and are on their way, ms. */
const GRACE_MS = 90_000;
/** Rows that come in all the time may not put off a bucket for ever: computed at the latest so often, ms. */
const PATIENCE_MS = 10 * 60_000;
/** Looked back over beyond a bucket's width, for windows of clocks that are ahead, ms. */
const LOOK_BACK_MS = 15 * 60_000;
/** Buckets of services looked at in one go. */
const BATCH = 20_000;
/** Rows that one statement sums up: what it holds in memory is bounded by them. */
const ROWS_PER_STATEMENT = 50_000;

/**
 * Keeps the rollups up to date. A bucket is computed once it has closed, and again when rows came in since. Nothing is
 * remembered between rounds that the tables do not say: a crash, or a second server that does the same, costs work and
 * nothing else.
 */
export class Rollups {
  readonly dropLabels: readonly string[];
  readonly #connection: StoreConnection;
  readonly #margin: number;
  readonly #coverage = new Map(ROLLUP_LEVELS.map((level) => [level, new RollupCoverage(level)]));
  /** Unix ms: when the last round began that looked at everything, by level. */
  readonly #lookedAt = new Map<RollupLevel, number>();
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    connection: StoreConnection,
    { dropLabels = DEFAULT_DROP_LABELS, marginMs = 60_000 }: RollupOptions = {},
  ) {
    this.#connection = connection;
    this.#margin = marginMs;
    this.dropLabels = dropLabels;
  }

  coverage(level: RollupLevel): RollupCoverage {
    const coverage = this.#coverage.get(level);
    if (!coverage) throw new Error(`there is no rollup ${level.name}`);
    return coverage;
  }

  /** Another one whenever buckets that could be read before may say something else. */
  get version(): number {
    return [...this.#coverage.values()].reduce((sum, { version }) => sum + version, 0);
  }

  /** Windows were written: buckets that they fall into, and that may be computed already, must be computed again. */
  written(starts: readonly number[], now = Date.now()): void {
    for (const coverage of this.#coverage.values()) {
      const closed = closedBefore(coverage.level, now);
      for (const start of starts) if (start < closed) coverage.touch(start, now);
    }
  }

  /** Rows were taken away: nothing counts as computed before the next round has looked at everything. */
  forget(): void {
    this.#lookedAt.clear();
    for (const coverage of this.#coverage.values()) coverage.reset();
  }

  /** How far each level is behind, s. */
  lag(now = Date.now()): { readonly level: string; readonly seconds: number }[] {
    return [...this.#coverage.values()].map(({ level, boundary }) => ({
      level: level.name,
      seconds: boundary === 0 ? 0 : Math.max(0, (closedBefore(level, now) - boundary) / 1000),
    }));
  }

  /**
   * Computes what is to be computed; a round that is called meanwhile comes after this one.
   *
   * @param computes false: another server does, and this one only looks which buckets can be read
   */
  update(now: () => number = Date.now, computes = true): Promise<void> {
    const round = this.#round.catch(() => {}).then(() => this.#update(now, computes));
    this.#round = round;
    return round;
  }

  /** Ends after the statement that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#round.catch(() => {});
  }

  async #update(now: () => number, computes: boolean): Promise<void> {
    // What a finer level lacks the coarser one lacks too, though its source does not show it yet.
    let stale: ReadonlySet<number> = new Set();
    for (const level of ROLLUP_LEVELS) {
      const lacking = new Set([...stale].map((bucket) => floorTo(bucket, level.widthMs)));
      let isWhole = false;
      while (!this.#stopped && !isWhole) {
        // As long as a batch is full there is more.
        const round = await this.#updateLevel(level, now, computes, lacking);
        isWhole = round.isWhole || !computes;
        stale = round.stale;
      }
    }
  }

  /**
   * @param lacking buckets that cannot be whole, because those beneath are not
   * @returns whether everything was looked at, and which buckets say too little
   */
  async #updateLevel(
    level: RollupLevel,
    now: () => number,
    computes: boolean,
    lacking: ReadonlySet<number>,
  ): Promise<{ readonly isWhole: boolean; readonly stale: ReadonlySet<number> }> {
    const began = now();
    const closed = closedBefore(level, began);
    const last = this.#lookedAt.get(level);
    const since = last === undefined ? 0 : last - level.widthMs - GRACE_MS - LOOK_BACK_MS;
    const question = { level, since: Math.max(0, since), closed, margin: this.#margin, limit: BATCH };
    const { sql, params } = dirtyBuckets(question);
    const dirty = await this.#connection.background<DirtyBucket>(sql, params);
    const due: DirtyBucket[] = [];
    const stale = new Set(lacking);
    for (const bucket of dirty) {
      if (computes && isDue(bucket, began - this.#margin)) due.push(bucket);
      else stale.add(bucket.bucket * 1000);
    }
    await this.#compute(level, due);
    // Without computing there is no next batch: what lies behind this one is not known to be readable.
    const isWhole = dirty.length < BATCH || (computes && due.length === 0);
    const boundary = isWhole ? closed : (dirty.at(-1)?.bucket ?? 0) * 1000;
    this.coverage(level).settle(began, boundary, stale);
    if (isWhole) this.#lookedAt.set(level, began);
    return { isWhole, stale };
  }

  async #compute(level: RollupLevel, due: readonly DirtyBucket[]): Promise<void> {
    const levelTypes = due.length === 0 ? [] : await this.#levelTypes();
    for (const group of groupBuckets(due)) {
      const parts = Math.max(1, Math.ceil(group.rows / ROWS_PER_STATEMENT));
      for (let part = 0; part < parts; part++) {
        if (this.#stopped) throw new Error('stopped');
        const job = { ...group, level, part, parts, levelTypes, dropLabels: this.dropLabels };
        for (const { sql, params } of computeBuckets(job)) await this.#connection.background(sql, params);
      }
    }
  }

  async #levelTypes(): Promise<string[]> {
    const rows = await this.#connection.background<{ type: string }>(
      `SELECT DISTINCT toString(type) AS type FROM ${DATABASE}.series`,
    );
    return rows
      .map(({ type }) => type)
      .filter((type) => {
        const parsed = parseProfileType(type);
        return parsed !== undefined && kindOf(parsed) === 'level';
      });
  }
}

/** Unix ms before which buckets are closed. */
function closedBefore(level: RollupLevel, now: number): number {
  return floorTo(now - GRACE_MS, level.widthMs);
}

/**
 * Once nothing has come in since `settled`; a bucket that is written to all the time, now and then. How long ago it was
 * says nothing: a month that is pushed at once would be computed again in each round.
 */
function isDue({ oldest, newest, computed }: DirtyBucket, settled: number): boolean {
  if (newest < settled) return true;
  return (computed === 0 ? oldest : computed) < settled - PATIENCE_MS;
}

interface Group {
  readonly services: string[];
  readonly buckets: number[];
  rows: number;
}

/** Buckets of the same services that follow one another are computed together, as long as that is little work. */
function groupBuckets(due: readonly DirtyBucket[]): Group[] {
  const byBucket = new Map<number, { services: string[]; rows: number }>();
  for (const { service, bucket, rows } of due) {
    const entry = byBucket.get(bucket) ?? { services: [], rows: 0 };
    entry.services.push(service);
    entry.rows += rows;
    byBucket.set(bucket, entry);
  }
  const groups: Group[] = [];
  let key = '';
  for (const [bucket, { services, rows }] of byBucket) {
    const last = groups.at(-1);
    const joined = JSON.stringify(services);
    if (
      last &&
      joined === key &&
      last.rows + rows <= ROWS_PER_STATEMENT &&
      sameDay(last.buckets[0], bucket)
    ) {
      last.buckets.push(bucket);
      last.rows += rows;
    } else {
      groups.push({ services, buckets: [bucket], rows });
      key = joined;
    }
  }
  return groups;
}

function sameDay(a: number, b: number): boolean {
  return Math.floor(a / 86_400) === Math.floor(b / 86_400);
}
