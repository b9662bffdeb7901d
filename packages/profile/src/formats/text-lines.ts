/** A line of text, without its end, and its number from 1. */
export interface TextLine {
  readonly text: string;
  readonly number: number;
}

/**
 * The lines of a text file in UTF-8, or in UTF-16 where a byte order mark says so (Windows PowerShell's `>` writes
 * it). Lines end in LF or CR LF. Bytes that are not valid read as U+FFFD.
 */
export function* textLines(bytes: Uint8Array): Generator<TextLine> {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  let number = 1;
  for (let start = 0; start < text.length; number++) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const lineEnd = end > start && text[end - 1] === '\r' ? end - 1 : end;
    yield { text: text.slice(start, lineEnd), number };
    start = end + 1;
  }
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}
