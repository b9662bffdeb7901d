import { hash, randomBytes } from 'node:crypto';

/** What a sender says about which push this is. */
export interface PushClaim {
  /** Everflame-Instance and Everflame-Sequence. */
  readonly instance?: string;
  readonly sequence?: string;
  /** Idempotency-Key. */
  readonly key?: string;
  /** The rest is for senders that say nothing. */
  readonly hasFrom: boolean;
  readonly url: string;
  readonly body: Uint8Array;
  /** Address of the sender, without port: a retry comes from another one. */
  readonly peer: string;
}

export interface PushIdentity {
  /** Unsigned 64 bits. */
  readonly id: bigint;
  /**
   * Whether the sender names its pushes. If so, a retry without `from` must be given the start that the first
   * attempt was given.
   */
  readonly named: boolean;
}

/**
 * The identity of a push. What an agent says comes first; for those that say nothing it is a hash of query string,
 * body and peer, so that equal bytes count once; and a push that has neither a name nor a time is new each time.
 */
export function identifyPush(claim: PushClaim): PushIdentity {
  if (claim.instance !== undefined && claim.sequence !== undefined) {
    return { id: digest('instance', claim.instance, claim.sequence), named: true };
  }
  if (claim.key !== undefined) return { id: digest('key', claim.key), named: true };
  if (claim.hasFrom) {
    const query = claim.url.slice(claim.url.indexOf('?') + 1);
    return { id: digest('bytes', query, claim.peer, hash('sha256', claim.body, 'hex')), named: false };
  }
  return { id: randomBytes(8).readBigUInt64LE(), named: false };
}

function digest(...parts: readonly string[]): bigint {
  return BigInt(`0x${hash('sha256', JSON.stringify(parts), 'hex').slice(0, 16)}`);
}
