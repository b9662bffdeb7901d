import { type Box, boxName, type FunctionTable } from '@everflame/profile';

export type FunctionSort = 'self' | 'total' | 'name' | 'places';

/** The rows of a table of functions: indices of its boxes, filtered and in order. The root is none. */
export function functionRows(
  { boxes, self, total, places }: FunctionTable,
  sort: string,
  passes: (box: Box) => boolean,
): Uint32Array {
  const reversed = sort.startsWith('-');
  const key = reversed ? sort.slice(1) : sort;
  const rows: number[] = [];
  for (let i = 1; i < boxes.length; i++) if (places[i] > 0 && passes(boxes[i])) rows.push(i);
  const column = key === 'total' ? total : key === 'places' ? places : self;
  if (key === 'name') {
    const names = boxes.map(boxName);
    rows.sort((a, b) => (names[a] < names[b] ? -1 : names[a] > names[b] ? 1 : 0));
  } else rows.sort((a, b) => column[b] - column[a] || total[b] - total[a] || a - b);
  if (reversed) rows.reverse();
  return Uint32Array.from(rows);
}
