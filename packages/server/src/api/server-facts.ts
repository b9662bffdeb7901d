/** What the server says of itself at /api/v1/status. */
export interface ServerFacts {
  readonly version: string;
  readonly storage: 'embedded' | 'cluster';
  readonly dataDir?: string;
  readonly selfProfile: boolean;
  /** What an hour of a core costs, where somebody has said. */
  readonly cost?: { readonly coreHour: number; readonly currency: string };
}

/** A target of the collector, as people see it. */
export interface TargetEntry {
  readonly url: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'up' | 'down' | 'pending';
  readonly lastSuccess: number | null;
  readonly lastError: string | null;
  readonly lastDuration: number | null;
  readonly intervalSeconds: number;
  readonly undelivered: number;
}

/** Whoever polls. The API knows no more of it than this. */
export interface TargetSource {
  targets(): readonly TargetEntry[];
  /** Profiles polled since the start that were stored and given up, and those that wait. */
  readonly deliveries?: { readonly stored: number; readonly lost: number; readonly waiting: number };
}

/** A table of the store, all of its parts together. */
export interface TableSize {
  readonly table: string;
  readonly rows: number;
  /** On disk, compressed. */
  readonly bytes: number;
  readonly parts: number;
}

/** A part that the engine could not read and set aside. */
export interface DamagedPart {
  readonly table: string;
  readonly part: string;
  /** The engine's word for it: broken, broken-on-start, … */
  readonly reason: string;
  /** Parts within its range that are read instead. */
  readonly instead: number;
  /** Directory where it lies now. */
  readonly path: string;
}

/** What the rooms beneath say of themselves when somebody looks inside. What is left out is not shown. */
export interface Insight {
  /** Resolves when the store has answered a question; throws what it lacks. */
  ping?(): Promise<void>;
  tableSizes?(): Promise<readonly TableSize[]>;
  damagedParts?(): Promise<readonly DamagedPart[]>;
  /** Bytes free on the disk that holds the data. */
  diskFree?(): Promise<number>;
  /** How far each rollup is behind the profiles that it is made from. */
  lagSeconds?(): readonly { readonly level: string; readonly seconds: number }[];
  /** Bodies that are being decoded, and that wait for a thread. */
  decoding?(): { readonly busy: number; readonly waiting: number };
  /** Bytes that wait, by where they do. */
  queueBytes?(): readonly { readonly queue: string; readonly bytes: number }[];
}
