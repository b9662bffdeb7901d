import { gunzipSync } from 'node:zlib';
import {
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
}

/**
 * The profile in a body. Without a format the body says what it is: text is folded, anything else pprof.
 *
 * @throws UserError `bad_body`, `too_large`
 */
export function decodeBody(body: Uint8Array, request: DecodeRequest): Profile {
  if (body.length === 0) throw new UserError('bad_body', 'The body is empty: there is no profile in it.');
  const bytes = isGzip(body) ? gunzipBounded(body, request.limits.bytes) : body;
  const format = request.format ?? (looksBinary(bytes) ? 'pprof' : 'folded');
  try {
    return normalizeProfile(decode(bytes, format, request));
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
): Profile {
  switch (format) {
    case 'pprof':
      return decodePprof(bytes, limits);
    case 'nylas':
      return decodeNylas(bytes, limits);
    case 'folded':
    case 'lines': {
      const scale = textType.counts === 'samples' ? BigInt(Math.round(1e9 / sampleRate)) : 1n;
      return decodeFolded(bytes, { type: textType.type, scale, lines: format === 'lines' }, limits).profile;
    }
  }
}

/** Gunzips at most `limit` bytes: a bomb is refused when it has grown that far, not when memory has. */
export function gunzipBounded(body: Uint8Array, limit: number): Uint8Array {
  try {
    return gunzipSync(body, { maxOutputLength: limit });
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

/** Text holds no control characters but white space; UTF-16 starts with its mark. */
function looksBinary(bytes: Uint8Array): boolean {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) return false;
  return bytes.subarray(0, 512).some((byte) => byte < 9 || (byte > 13 && byte < 32));
}
