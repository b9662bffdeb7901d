import { createHash } from 'node:crypto';

/** What a token is good for. `ingest` pushes, `read` asks, `admin` does both and whatever changes what is stored. */
export const SCOPES = ['ingest', 'read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface RateLimit {
  /** Requests per second, in the long run. */
  readonly perSecond: number;
  /** Requests that may come at once after a quiet time. */
  readonly burst: number;
}

/** A token that the server knows. The secret itself is not kept: logs, dumps and errors cannot show it. */
export interface Token {
  /** For logs and metrics. */
  readonly name: string;
  /** SHA-256 of the secret, 32 bytes. */
  readonly digest: Buffer;
  readonly scopes: readonly Scope[];
  readonly rateLimit?: RateLimit;
}

/**
 * Secrets shorter than this could be guessed, also from a session's cookie (see sessions.ts). `openssl rand -hex 32`
 * makes 64 characters.
 */
export const MIN_SECRET_LENGTH = 16;

/** What a header can carry: anything else would fail in the agents, some of which would then print it. */
export const SECRET_PATTERN = /^[\x21-\x7e]+$/;

export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export function allows({ scopes }: Token, wanted: Scope): boolean {
  return scopes.includes(wanted) || scopes.includes('admin');
}
