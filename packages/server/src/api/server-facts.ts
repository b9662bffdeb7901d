/** What the server says of itself at /api/v1/status. */
export interface ServerFacts {
  readonly version: string;
  readonly storage: 'embedded' | 'cluster';
  readonly dataDir?: string;
  readonly selfProfile: boolean;
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
}
