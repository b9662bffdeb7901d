import { timingSafeEqual } from 'node:crypto';
import { digestOf, type Token } from './token.ts';
import { TokenBucket } from './token-bucket.ts';

/** A token in force, with what is left of its rate. */
export interface KnownToken extends Token {
  readonly bucket: TokenBucket | undefined;
}

/** The tokens in force. They can be replaced while the server runs, so that secrets are rotated without a restart. */
export class TokenList {
  #tokens: readonly KnownToken[] = [];

  constructor(tokens: readonly Token[] = []) {
    this.replace(tokens);
  }

  /** Without any token the doors are open. */
  get isEmpty(): boolean {
    return this.#tokens.length === 0;
  }

  get all(): readonly KnownToken[] {
    return this.#tokens;
  }

  /** A token that stays keeps what it has used of its rate. */
  replace(tokens: readonly Token[]): void {
    const before = new Map(this.#tokens.map((token) => [keyOf(token), token.bucket]));
    this.#tokens = tokens.map((token) => ({
      ...token,
      bucket: before.get(keyOf(token)) ?? (token.rateLimit && new TokenBucket(token.rateLimit)),
    }));
  }

  /**
   * The token of a secret. Digests are compared, each in constant time and all of them always: how long it takes says
   * nothing about how much of a guess was right, nor which token it was.
   */
  find(secret: string): KnownToken | undefined {
    const digest = digestOf(secret);
    let found: KnownToken | undefined;
    for (const token of this.#tokens) {
      const isEqual = timingSafeEqual(token.digest, digest);
      found = isEqual ? token : found;
    }
    return found;
  }
}

function keyOf({ digest, rateLimit }: Token): string {
  return `${digest.toString('hex')} ${rateLimit?.perSecond} ${rateLimit?.burst}`;
}
