import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodePprof } from '@everflame/profile';
import { withDeadline } from '../base/deadline.ts';
import type { Push } from '../store/push.ts';
import { pushName } from './push-name.ts';
import { DeliveryError, type Sink, TryLaterError } from './sink.ts';

const compress = promisify(gzip);
const TIMEOUT_MS = 30_000;
/** Answers that the same profile will get for ever. All else may pass, a wrong token or a proxy's 404 too. */
const FOR_EVER = new Set([400, 413, 415, 422]);
/** Codes with such a status that pass nevertheless: clocks that are set right. */
const PASSING_CODES = /"code"\s*:\s*"in_future"/;

export interface HttpSinkOptions {
  /** Address of the server. */
  readonly server: string;
  readonly token?: string;
}

/** Pushes to a server, as any agent does. */
export class HttpSink implements Sink {
  readonly #server: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** Numbers of pushes, so that a retry has that of its first attempt and counts once. */
  readonly #sequences = new WeakMap<Push, number>();
  #next = 0;

  constructor({ server, token }: HttpSinkOptions) {
    this.#server = server.replace(/\/+$/, '');
    this.#headers = {
      'content-type': 'application/octet-stream',
      'everflame-protocol': '1',
      'everflame-instance': randomBytes(16).toString('hex'),
      // Not a process that samples itself.
      'everflame-captures': 'none',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
  }

  async write(push: Push, signal: AbortSignal): Promise<void> {
    const sequence = this.#sequences.get(push) ?? this.#next++;
    this.#sequences.set(push, sequence);
    const { profile, startNanos, durationNanos } = push;
    const query = new URLSearchParams({
      name: pushName(push),
      from: String(startNanos),
      until: String(startNanos + durationNanos),
      format: 'pprof',
      spyName: 'everflame-collect',
    });
    const body = await compress(encodePprof(profile));
    await withDeadline(TIMEOUT_MS, signal, async (deadline) => {
      const response = await fetch(`${this.#server}/ingest?${query}`, {
        method: 'POST',
        headers: { ...this.#headers, 'everflame-sequence': String(sequence) },
        body,
        redirect: 'error',
        signal: deadline,
      }).catch((error: unknown) => {
        throw new Error(`${this.#server} ${reason(error)}`, { cause: error });
      });
      const answer = await response.text();
      if (!response.ok) throw this.#refusal(response, answer);
    });
  }

  #refusal({ status, headers }: Response, answer: string): Error {
    const message = `${this.#server} answered ${status}: ${answer.slice(0, 500)}`;
    if (FOR_EVER.has(status) && !PASSING_CODES.test(answer)) return new DeliveryError(message);
    const seconds = Number(headers.get('retry-after'));
    return seconds > 0 ? new TryLaterError(message, seconds * 1000) : new Error(message);
  }
}

/** fetch says "fetch failed" and keeps the reason in its cause. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || String('code' in cause ? cause.code : cause.name);
}
