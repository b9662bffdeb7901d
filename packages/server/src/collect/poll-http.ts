import { gunzipSync } from 'node:zlib';
import { isGzip } from '@everflame/profile';
import { withDeadline } from '../base/deadline.ts';

/** Bytes of one answer, as it comes and decompressed. */
const MAX_BYTES = 64 << 20;

export interface PollRequest {
  readonly url: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Gets what a target has, decompressed. Follows no redirect: a target must not be able to send the collector elsewhere.
 *
 * @throws Error with what happened, in words for the state of the target
 */
export async function poll({ url, timeoutMs, signal }: PollRequest): Promise<Uint8Array> {
  try {
    const { response, body } = await withDeadline(timeoutMs, signal, async (deadline) => {
      const response = await fetch(url, { redirect: 'manual', signal: deadline });
      return { response, body: await readBounded(response) };
    });
    if (response.status >= 300 && response.status < 400)
      throw new Error(`answered ${response.status}: redirects are not followed`);
    if (!response.ok) throw new Error(`answered ${response.status}: ${firstLine(body)}`);
    return isGzip(body) ? gunzipSync(body, { maxOutputLength: MAX_BYTES }) : body;
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Error(reason(error, timeoutMs), { cause: error });
  }
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`answered more than ${MAX_BYTES >> 20} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function firstLine(body: Uint8Array): string {
  return Buffer.from(body.subarray(0, 200)).toString().split('\n')[0];
}

/** fetch says "fetch failed" and keeps the reason in its cause. */
function reason(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `did not answer within ${timeoutMs / 1000} s`;
  const { cause } = error;
  return cause instanceof Error
    ? cause.message || String('code' in cause ? cause.code : cause.name)
    : error.message;
}
