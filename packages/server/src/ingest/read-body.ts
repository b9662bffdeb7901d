import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { UserError } from '../base/user-error.ts';

/**
 * The bytes of a body, in a buffer of their own: they can be handed to another thread. Streams that count, and a list of
 * pieces to be put together, cost more than all else that is done with a short body.
 *
 * @param declared what Content-Length says; undefined for a body in chunks
 * @throws UserError `too_large`, `bad_body`
 */
export function readBytes(
  stream: Readable,
  declared: number | undefined,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    let bytes = new Uint8Array(Math.min(declared ?? FIRST_BYTES, limit));
    let length = 0;
    let isWhole = false;
    stream.on('data', (chunk: Buffer) => {
      const end = length + chunk.length;
      if (end > limit) {
        stream.removeAllListeners('data');
        // What still comes is passed over, so that the answer can be read.
        stream.resume();
        reject(tooLarge(limit));
        return;
      }
      if (end > bytes.length) bytes = grown(bytes, Math.min(limit, Math.max(end, bytes.length * 2)));
      bytes.set(chunk, length);
      length = end;
    });
    stream.on('end', () => {
      isWhole = true;
      resolve(length === bytes.length ? bytes : bytes.slice(0, length));
    });
    stream.on('error', (cause) => reject(cutOff(cause)));
    stream.on('close', () => {
      if (!isWhole) reject(cutOff(undefined));
    });
  });
}

/** Content-Length, where there is one. */
export function declaredLength({ headers }: Pick<IncomingMessage, 'headers'>): number | undefined {
  const said = headers['content-length'];
  return said === undefined ? undefined : Number(said);
}

export function tooLarge(limit: number): UserError {
  return new UserError('too_large', `The body is larger than the ${limit} bytes that this server takes.`);
}

const FIRST_BYTES = 64 << 10;

function grown(from: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const to = new Uint8Array(length);
  to.set(from);
  return to;
}

function cutOff(cause: unknown): UserError {
  return new UserError('bad_body', 'The body ended before it was whole.', { cause });
}
