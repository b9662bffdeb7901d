/** Longer than any screen is wide: a name of 5,000 characters is not measured as a whole. */
const LONGEST = 400;
const ELLIPSIS = '…';

export type Measure = (text: string) => number;

/**
 * As much of `text` as fits into `width`, with an ellipsis where it was cut; '' where fewer than two letters fit:
 * a box that says "g…" says nothing.
 */
export function fitText(text: string, width: number, measure: Measure): string {
  const whole = text.length > LONGEST ? text.slice(0, LONGEST) : text;
  const full = measure(whole);
  if (full <= width && whole === text) return text;
  // Guess by the average letter, then correct: one to three measurements in place of a search by halving.
  let keep = Math.min(whole.length - 1, Math.floor((whole.length * width) / full));
  while (keep >= 2) {
    const cut = whole.slice(0, endOfLetter(whole, keep)) + ELLIPSIS;
    const over = measure(cut) - width;
    if (over <= 0) return cut;
    keep -= Math.max(1, Math.ceil((over * whole.length) / full / 2));
  }
  return '';
}

/** Does not cut a surrogate pair in two. */
function endOfLetter(text: string, end: number): number {
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code < 0xdc00 ? end - 1 : end;
}
