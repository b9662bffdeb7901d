import type { Labels, Profile } from '@everflame/profile';

/** One profile on its way into the store: what one process showed during one window, and who says so. */
export interface Push {
  readonly service: string;
  /** Labels of the process, `service_name` not among them. */
  readonly labels: Labels;
  /** Start of the window, unix time in nanoseconds. */
  readonly startNanos: bigint;
  readonly durationNanos: bigint;
  /**
   * Identity of the push, 64 bits unsigned: the natural key of a stored profile is (series, start, push), so that a
   * retry replaces what it repeats and two processes with the same labels both count.
   */
  readonly identity: bigint;
  readonly profile: Profile;
}

/** What became of a push. */
export interface PushReceipt {
  /** Series that the profile was stored under: one for each type and label set. */
  readonly series: number;
  /** Distinct (stack, value) pairs stored. */
  readonly samples: number;
  /** Label sets of single samples that were merged into the process's own series because there were too many. */
  readonly mergedLabelSets: number;
}
