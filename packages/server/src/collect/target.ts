import type { Labels } from '@everflame/profile';

/** What Go's net/http/pprof has, by the names that the configuration uses. */
export const GO_PROFILES = ['cpu', 'heap', 'allocs', 'goroutine', 'block', 'mutex'] as const;
export type GoProfile = (typeof GO_PROFILES)[number];

/** A program that is polled. */
export interface TargetConfig {
  readonly kind: 'nylas' | 'go';
  /** nylas: the sampler's address. Go: the address under which /debug/pprof lies. */
  readonly url: string;
  readonly service: string;
  readonly labels: Labels;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Go only. */
  readonly types: readonly GoProfile[];
}

/** How polling a target goes, for people. Times are unix ms. */
export interface TargetState {
  readonly url: string;
  readonly service: string;
  readonly labels: Labels;
  readonly state: 'up' | 'down' | 'pending';
  readonly lastSuccess: number | null;
  readonly lastError: string | null;
  /** How long the last answer took, ms. */
  readonly lastDuration: number | null;
  readonly intervalSeconds: number;
  /** Profiles polled and not stored yet. */
  readonly undelivered: number;
}
