import type { WireFlameGraph } from '@everflame/profile';

/** The answers of the HTTP API, as far as the page reads them. Times are unix milliseconds. */

export interface Status {
  readonly version: string;
  readonly storage: 'embedded' | 'cluster';
  readonly dataDir?: string;
  readonly now: number;
  readonly selfProfile: boolean;
  /** Address that agents push to. */
  readonly server: string;
}

export interface Service {
  readonly service: string;
  readonly types: readonly string[];
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** Flows are summed over time (CPU time), levels are averaged (heap in use). */
export type Kind = 'flow' | 'level';

export interface TimelineGroup {
  /** Value of the label that the timeline is split by; null where it is not split, and for the others. */
  readonly label: string | null;
  /** The sum of the groups that were too many to show. */
  readonly others: boolean;
  /** Per second of real time for flows, the level for levels; null where nobody was profiled. */
  readonly values: readonly (number | null)[];
}

export interface Timeline {
  readonly query: string;
  readonly type: string;
  readonly unit: string;
  readonly kind: Kind;
  readonly from: number;
  readonly until: number;
  /** Start of the first bucket, and length of each, in ms. */
  readonly start: number;
  readonly step: number;
  readonly groups: readonly TimelineGroup[];
  /** How many values of the label were summed as others. */
  readonly others: number;
}

/** The share of one function over time, 0 to 1. */
export interface FunctionShares {
  readonly query: string;
  readonly type: string;
  readonly from: number;
  readonly until: number;
  readonly start: number;
  readonly step: number;
  readonly groups: readonly {
    readonly label: string | null;
    readonly share: number;
    readonly values: readonly (number | null)[];
  }[];
}

/** Functions, or modules, across all services. Values are per second. */
export interface Fleet {
  readonly type: string;
  readonly unit: string;
  readonly kind: Kind;
  readonly from: number;
  readonly until: number;
  readonly whole: number;
  readonly services: number;
  readonly servicesLeftOut: number;
  readonly rows: readonly FleetRow[];
  readonly others: number;
  readonly rest: number;
  readonly cost?: { readonly coreHour: number; readonly currency: string };
}

export interface FleetRow {
  readonly function: string;
  readonly module: string;
  readonly self: number;
  readonly total: number;
  readonly services: number;
  readonly top: readonly { readonly service: string; readonly self: number }[];
}

/** One stored profile: a window of one process. */
export interface SingleProfile {
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly start: number;
  readonly end: number;
  /** In the unit of the type, of the whole window. */
  readonly total: number;
}

export interface SingleProfiles {
  readonly query: string;
  readonly type: string;
  readonly unit: string;
  readonly kind: Kind;
  readonly from: number;
  readonly until: number;
  readonly count: number;
  readonly profiles: readonly SingleProfile[];
}

export type CaptureType = 'cpu' | 'wall' | 'heap';

/** A process whose agent pushed lately. */
export interface Instance {
  readonly instance: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly captures: readonly CaptureType[];
  readonly lastSeen: number;
}

export interface Capture {
  readonly id: string;
  readonly state: 'waiting' | 'sent' | 'delivered' | 'refused' | 'expired';
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: CaptureType;
  readonly seconds: number;
  readonly reason: string | null;
  readonly profile: { readonly path: string } | null;
}

/** One service among all: what it did in the range, and a day before. */
export interface ServiceOverview {
  readonly service: string;
  readonly types: readonly string[];
  readonly lastSeen: number;
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly values: readonly (number | null)[];
  readonly average: number | null;
  readonly before: number | null;
}

export interface Overview {
  readonly type: string;
  readonly unit: string;
  readonly kind: Kind;
  readonly from: number;
  readonly until: number;
  readonly start: number;
  readonly step: number;
  readonly services: readonly ServiceOverview[];
}

export type Note =
  | {
      readonly code: 'mostly_waiting';
      readonly message: string;
      readonly type: string;
      readonly share: number;
    }
  | { readonly code: 'no_data'; readonly message: string; readonly lastSeen: number | null }
  | { readonly code: 'nylas_sampler'; readonly message: string };

export interface FlameGraphAnswer {
  readonly query: string;
  readonly type: string;
  readonly unit: string;
  readonly kind: Kind;
  readonly from: number;
  readonly until: number;
  /** How many profiles (windows of one process) were merged. */
  readonly profiles: number;
  /** Seconds of the range in which anything was profiled. */
  readonly seconds: number;
  readonly total: number;
  readonly graph: WireFlameGraph;
  readonly notes: readonly Note[];
}
