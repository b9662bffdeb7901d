import {
  CPU_TIME,
  decodeFolded,
  decodeNylas,
  decodePprof,
  gunzip,
  isGzip,
  normalizeProfile,
  type Profile,
} from '@everflame/profile';

/** Unpacked, a browser holds it several times while it is read. */
const MOST_BYTES = 512 << 20;

/**
 * The profile in a file: pprof (gzip or not), nylas' text, or folded stacks, told apart by what is in it.
 *
 * @throws FormatError
 */
export async function readProfile(file: Uint8Array): Promise<Profile> {
  const bytes = isGzip(file) ? await gunzip(file, MOST_BYTES) : file;
  const head = new TextDecoder().decode(bytes.subarray(0, 4096));
  if (/^elapsed \S+\r?\ngranularity /.test(head)) return normalizeProfile(decodeNylas(bytes));
  if (looksLikeText(bytes)) return decodeFolded(bytes, { type: CPU_TIME, scale: 10_000_000n }).profile;
  return normalizeProfile(decodePprof(bytes));
}

/** Text has no control characters but tabs and ends of lines; UTF-16 says what it is. */
function looksLikeText(bytes: Uint8Array): boolean {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return true;
  return bytes.subarray(0, 4096).every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13);
}
