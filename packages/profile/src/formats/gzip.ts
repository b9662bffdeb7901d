import { FormatError } from './format-error.ts';

/** Whether `bytes` begin as gzip does (RFC 1952 §2.3.1, with the one method there is). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/** Input is handed on in pieces, so that at most 1032 times this is inflated before the limit is looked at. */
const PIECE_BYTES = 16 << 10;

/**
 * Unpacks gzip, in browsers and Node alike (Compression Streams, https://compression.spec.whatwg.org).
 *
 * @throws FormatError `too_large` as soon as the result passes `limitBytes`, `wrong_format` where it is not gzip,
 *   `malformed` where it is broken or cut off.
 */
export async function gunzip(bytes: Uint8Array, limitBytes: number): Promise<Uint8Array> {
  if (!isGzip(bytes))
    throw new FormatError('wrong_format', 'gzip', 'it does not begin as gzip does', { byte: 0 });
  const reader = through(bytes, new DecompressionStream('gzip')).getReader();
  const pieces: Uint8Array[] = [];
  let total = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.length;
      if (total > limitBytes) break;
      pieces.push(value);
    }
  } catch (error) {
    throw new FormatError('malformed', 'gzip', error instanceof Error ? error.message : String(error));
  }
  if (total > limitBytes) {
    // Nobody waits for the rest, or for what is said about it.
    reader.cancel().catch(() => {});
    throw new FormatError('too_large', 'gzip', `it unpacks to more than ${limitBytes} bytes`);
  }
  return joined(pieces, total);
}

/** Packs `bytes` as gzip. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const reader = through(bytes, new CompressionStream('gzip')).getReader();
  const pieces: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(pieces, total);
    total += value.length;
    pieces.push(value);
  }
}

type Transform = CompressionStream | DecompressionStream;

function through(bytes: Uint8Array, transform: Transform): ReadableStream<Uint8Array> {
  let at = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      // A copy: streams want bytes over an ArrayBuffer, which may not be shared.
      else controller.enqueue(bytes.slice(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
    },
  });
  return source.pipeThrough(transform);
}

function joined(pieces: readonly Uint8Array[], total: number): Uint8Array {
  const out = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
