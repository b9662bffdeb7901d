import type { Labels } from '@everflame/profile';
import { FIVE_MINUTES, floorTo, ONE_HOUR, type ProfileTable } from './rollup-level.ts';

const DAY_MS = 86_400_000;

/** How long the rows of each table are kept, ms. */
export interface Kept {
  readonly profiles: number;
  readonly profiles_5m: number;
  readonly profiles_1h: number;
}

/** Services that are kept for other times: all of `match` must be so; regular expressions run only in the engine. */
export interface RetentionClass {
  readonly name: string;
  readonly match: readonly {
    readonly label: string;
    readonly operator: '=' | '!=';
    readonly value: string;
  }[];
  readonly kept: Kept;
}

export const DEFAULT_CLASS = 'default';

export const DEFAULT_KEPT: Kept = {
  profiles: 7 * DAY_MS,
  profiles_5m: 30 * DAY_MS,
  profiles_1h: 396 * DAY_MS,
};

/** Which profiles are kept for how long. */
export class Retention {
  readonly #classes: readonly RetentionClass[];
  readonly #default: Kept;

  /** @param classes the first that matches holds */
  constructor(kept: Kept = DEFAULT_KEPT, classes: readonly RetentionClass[] = []) {
    this.#default = kept;
    this.#classes = classes;
  }

  /** Names of all classes. */
  get names(): string[] {
    return [DEFAULT_CLASS, ...this.#classes.map(({ name }) => name)];
  }

  classOf(service: string, labels: Labels): string {
    const labelOf = (label: string) => (label === 'service_name' ? service : (labels[label] ?? ''));
    const found = this.#classes.find(({ match }) =>
      match.every(({ label, operator, value }) => (labelOf(label) === value) === (operator === '=')),
    );
    return found?.name ?? DEFAULT_CLASS;
  }

  /** A class that is no longer configured is kept as the others are. */
  keptFor(name: string): Kept {
    return this.#classes.find((one) => one.name === name)?.kept ?? this.#default;
  }

  /** The longest that anything is kept, ms: so long are names needed. */
  get longest(): number {
    const all = [this.#default, ...this.#classes.map(({ kept }) => kept)];
    return Math.max(...all.flatMap((kept) => Object.values(kept)));
  }

  /**
   * Unix ms since which a table has everything of some classes. Rows expire by partition, so what is kept begins with
   * a day, for the hour's table with a month.
   */
  keptSince(table: ProfileTable, classes: readonly string[], now: number): number {
    const shortest = Math.min(...classes.map((name) => this.keptFor(name)[table]));
    return partitionStart(table, now - shortest);
  }
}

/** Start of the partition that a time lies in, unix ms. */
export function partitionStart(table: ProfileTable, time: number): number {
  if (table !== ONE_HOUR.table) return floorTo(time, DAY_MS);
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** End of the partition that begins at a time, unix ms. */
export function partitionEnd(table: ProfileTable, start: number): number {
  if (table !== ONE_HOUR.table) return start + DAY_MS;
  const date = new Date(start);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

export const EXPIRING_TABLES: readonly ProfileTable[] = ['profiles', FIVE_MINUTES.table, ONE_HOUR.table];
