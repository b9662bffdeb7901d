/** Why a decoder refused its input. The codes are part of the API's documentation (docs/errors.md). */
export type FormatErrorCode =
  /** The input ends in the middle of something, or contradicts itself. */
  | 'malformed'
  /** A limit on size, depth or counts was passed. */
  | 'too_large'
  /** It is not this format at all. */
  | 'wrong_format';

/**
 * A profile that cannot be decoded: what was wrong and where. Every decoder throws this and nothing else.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: FormatErrorCode;
  readonly format: string;
  /** Where: bytes from the start of the (decompressed) input, or the line for text. */
  readonly at: { readonly byte?: number; readonly line?: number };

  constructor(
    code: FormatErrorCode,
    format: string,
    message: string,
    at: { readonly byte?: number; readonly line?: number } = {},
  ) {
    const where =
      at.line !== undefined ? ` (line ${at.line})` : at.byte !== undefined ? ` (at byte ${at.byte})` : '';
    super(`${format}: ${message}${where}`);
    this.code = code;
    this.format = format;
    this.at = at;
  }
}
