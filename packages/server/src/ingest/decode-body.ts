import { gunzipSync } from 'node:zlib';
import {
  type ColumnMemory,
  type DecodeLimits,
  decodeFolded,
  decodeNylas,
  decodePprof,
  FormatError,
  isGzip,
  normalizeProfile,
  type Profile,
} from '@everflame/profile';
import { UserError } from '../base/user-error.ts';
import type { TextType } from './type-suffix.ts';

export const FORMATS = ['pprof', 'folded', 'lines', 'nylas'] as const;
export type IngestFormat = (typeof FORMATS)[number];

export interface DecodeRequest {
  readonly format: IngestFormat | undefined;
  /** For text: what a count means. */
  readonly textType: TextType;
  /** Samples per second, for text. */
  readonly sampleRate: number;
  readonly limits: DecodeLimits;
  /** Content-Encoding: gzip; what comes out may be gzip again, as Go writes its profiles. */
  readonly isEncoded: boolean;
}

/**
 * The profile in a body. Without a format the body says what it is: text is folded, anything else pprof.
 *
 * @param memory where its columns lie
 * @throws UserError `bad_body`, `too_large`
 */
export function decodeBody(body: Uint8Array, request: DecodeRequest, memory: ColumnMemory): Profile {
  if (body.length === 0) throw new UserError('bad_body', 'The body is empty: there is no profile in it.');
  const sent = request.isEncoded ? decodeEncoding(body, request.limits.bytes) : body;
  const bytes = isGzip(sent) ? gunzipBounded(sent, request.limits.bytes) : sent;
  const format = request.format ?? (looksBinary(bytes) ? 'pprof' : 'folded');
  try {
    return normalizeProfile(decode(bytes, format, request, memory));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const hint =
      request.format === undefined && format === 'pprof'
        ? ' (no format was given, and the body is not text)'
        : '';
    throw new UserError(error.code === 'too_large' ? 'too_large' : 'bad_body', `${error.message}${hint}.`, {
      cause: error,
    });
  }
}

function decode(
  bytes: Uint8Array,
  format: IngestFormat,
  { textType, sampleRate, limits }: DecodeRequest,
  memory: ColumnMemory,
): Profile {
  switch (format) {
    case 'pprof':
      return decodePprof(bytes, limits, memory);
    case 'nylas':
      return decodeNylas(bytes, limits);
    case 'folded':
    case 'lines': {
      const scale = textType.counts === 'samples' ? BigInt(Math.round(1e9 / sampleRate)) : 1n;
      return decodeFolded(bytes, { type: textType.type, scale, lines: format === 'lines' }, limits).profile;
    }
  }
}

/** What Content-Encoding: gzip stands for. @throws UserError */
export function decodeEncoding(body: Uint8Array, limit: number): Uint8Array {
  if (isGzip(body)) return gunzipBounded(body, limit);
  throw new UserError('bad_body', 'Content-Encoding says gzip, but the body is none.', {
    parameter: 'Content-Encoding',
  });
}

/** Bytes; as zlib's default, and the least that it takes is 64. */
const MIN_CHUNK = 16 << 10;
/** A profile is some three times as long as its gzip: memory is not taken on the word of a body for more than this. */
const MAX_RATIO = 20;

/** Gunzips at most `limit` bytes: a bomb is refused when it has grown that far, not when memory has. */
export function gunzipBounded(body: Uint8Array, limit: number): Uint8Array {
  try {
    return gunzipSync(body, { maxOutputLength: limit, chunkSize: expectedBytes(body, limit) });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new UserError('too_large', `The body is larger than ${limit} bytes once decompressed.`, {
        cause,
      });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('bad_body', `The body is gzip that does not decompress: ${reason}.`, { cause });
  }
}

/**
 * What gzip's last four bytes say of the length, and a byte more to see the end: one piece instead of many of 16 KB
 * that are copied together. It may be a lie, and costs some time then.
 */
function expectedBytes(body: Uint8Array, limit: number): number {
  if (body.length < 18) return MIN_CHUNK;
  const said = new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(body.length - 4, true);
  return Math.max(MIN_CHUNK, Math.min(said + 1, limit, body.length * MAX_RATIO));
}

/** Text holds no control characters but white space; UTF-16 starts with its mark. */
function looksBinary(bytes: Uint8Array): boolean {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) return false;
  return bytes.subarray(0, 512).some((byte) => byte < 9 || (byte > 13 && byte < 32));
}
