import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { allows } from './token.ts';
import type { KnownToken, TokenList } from './token-list.ts';

export const SESSION_COOKIE = 'everflame_session';
/** A working day. The cookie itself goes with the browser. */
const LIFETIME_MS = 12 * 3_600_000;
/** Sessions signed out of that are remembered until they would have ended. */
const MAX_ENDED = 10_000;

/**
 * Sessions of the page. A session is `v1.END.NONCE.TOKEN.SIGNATURE`, signed with the digest of the token that was given:
 * nothing is stored, so a restart signs nobody out, several servers with the same tokens take each other's sessions,
 * and a session ends with its token. What was signed out of is remembered by this server alone.
 *
 * A session reads, whatever its token may do: what a browser sends by itself must not change anything.
 */
export class Sessions {
  readonly #tokens: TokenList;
  readonly #now: () => number;
  /** Session → its end, unix ms. */
  readonly #ended = new Map<string, number>();

  constructor(tokens: TokenList, now: () => number = Date.now) {
    this.#tokens = tokens;
    this.#now = now;
  }

  start(token: KnownToken): string {
    const end = Math.floor((this.#now() + LIFETIME_MS) / 1000);
    const said = `v1.${end}.${randomBytes(12).toString('hex')}.${markOf(token)}`;
    return `${said}.${sign(said, token).toString('hex')}`;
  }

  /** The token that a session stands for; undefined where it is forged, over, or its token is gone. */
  find(session: string | undefined): KnownToken | undefined {
    const [, said, end, mark, signature] =
      /^(v1\.(\d{1,12})\.[0-9a-f]{24}\.([0-9a-f]{16}))\.([0-9a-f]{64})$/.exec(session ?? '') ?? [];
    if (said === undefined || Number(end) * 1000 <= this.#now() || this.#ended.has(said)) return undefined;
    const token = this.#tokens.all.find((one) => markOf(one) === mark);
    if (!token || !allows(token, 'read')) return undefined;
    return timingSafeEqual(sign(said, token), Buffer.from(signature, 'hex')) ? token : undefined;
  }

  end(session: string): void {
    if (!this.find(session)) return;
    for (const [said, end] of this.#ended) {
      if (end > this.#now() && this.#ended.size < MAX_ENDED) break;
      this.#ended.delete(said);
    }
    const said = session.slice(0, session.lastIndexOf('.'));
    this.#ended.set(said, Number(said.split('.')[1]) * 1000);
  }
}

const marks = new WeakMap<KnownToken, string>();

/** Tells tokens apart without saying anything of them: a hash of the hash that is the key. */
function markOf(token: KnownToken): string {
  const known = marks.get(token);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update('everflame session').update(token.digest);
  const mark = hash.digest('hex').slice(0, 16);
  marks.set(token, mark);
  return mark;
}

function sign(said: string, { digest }: KnownToken): Buffer {
  return createHmac('sha256', digest).update(said).digest();
}
