import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { isGzip } from '@everflame/profile';
import { DeadlineError, withDeadline } from '../base/deadline.ts';
import type { ByteBudget } from './byte-budget.ts';

const decompress = promisify(gunzip);

/** Bytes of one answer as it comes, and of one decompressed. */
export const MAX_BODY_BYTES = 32 << 20;
export const MAX_DECODED_BYTES = 64 << 20;

export interface PollRequest {
  readonly url: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What the answers of all targets may hold together. */
  readonly budget: ByteBudget;
}

/**
 * Gets what a target has and decodes it, decompressed. Follows no redirect: a target must not be able to send the
 * collector elsewhere.
 *
 * @throws Error with what happened, in words for the state of the target
 */
export async function poll<T>(request: PollRequest, decode: (body: Uint8Array) => T): Promise<T> {
  const { url, timeoutMs, signal, budget } = request;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const response = await withDeadline(timeoutMs, signal, async (deadline) => {
      const answer = await fetch(url, { redirect: 'manual', signal: deadline });
      for await (const chunk of answer.body ?? []) {
        if (length + chunk.length > MAX_BODY_BYTES)
          throw new Error(`answered more than ${MAX_BODY_BYTES >> 20} MiB`);
        if (!budget.take(chunk.length)) throw new Error('too many large answers at once: tried again later');
        length += chunk.length;
        chunks.push(chunk);
      }
      return answer;
    });
    const body = Buffer.concat(chunks, length);
    if (response.status >= 300 && response.status < 400)
      throw new Error(`answered ${response.status}: redirects are not followed`);
    if (!response.ok) throw new Error(`answered ${response.status}: ${sentence(body)}`);
    return decode(isGzip(body) ? await decompress(body, { maxOutputLength: MAX_DECODED_BYTES }) : body);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Error(reason(error, timeoutMs), { cause: error });
  } finally {
    budget.give(length);
  }
}

/** The first line that says something; Go's refusals begin with a status line of their own. */
function sentence(body: Uint8Array): string {
  return Buffer.from(body.subarray(0, 300)).toString().trim().split('\n')[0];
}

/** fetch says "fetch failed" and keeps the reason in its cause. */
function reason(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof DeadlineError) return `did not answer within ${timeoutMs / 1000} s`;
  if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
    return `answered more than ${MAX_DECODED_BYTES >> 20} MiB, decompressed`;
  const { cause } = error;
  return cause instanceof Error
    ? cause.message || String('code' in cause ? cause.code : cause.name)
    : error.message;
}
