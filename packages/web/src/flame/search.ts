import { type Box, boxName, type FlameGraph, subtreeEnd } from '@everflame/profile';
import { type FlameLayout, isHidden } from './layout.ts';

export type Search =
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly message: string }
  | { readonly kind: 'test'; readonly test: (box: Box) => boolean };

/** Names are matched as far as this: a pattern that backtracks over 100,000 characters would hang the page. */
const LONGEST = 1000;

/** Plain text is looked for without regard to case; `/text/` is a regular expression, case-insensitive as well. */
export function parseSearch(text: string): Search {
  const wanted = text.trim();
  if (wanted === '') return { kind: 'none' };
  const regex = /^\/(.+)\/i?$/.exec(wanted);
  if (!regex) {
    const lower = wanted.toLowerCase();
    return { kind: 'test', test: (box) => texts(box).some((one) => one.toLowerCase().includes(lower)) };
  }
  try {
    const pattern = new RegExp(regex[1], 'iu');
    return { kind: 'test', test: (box) => texts(box).some((one) => pattern.test(one)) };
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*: /, '').toLowerCase() : '';
    return { kind: 'invalid', message: `Not a regular expression: ${why}` };
  }
}

function texts(box: Box): string[] {
  return [boxName(box).slice(0, LONGEST), box.file.slice(0, LONGEST)];
}

export interface Matches {
  /** For each box (not node) of the graph, 1 where it matches. */
  readonly box: Uint8Array;
  /** Running count over the entries of the layout: whether a run holds a match is one subtraction. */
  readonly before: Uint32Array;
}

export function findMatches({ graph, entry }: FlameLayout, test: (box: Box) => boolean): Matches {
  const box = Uint8Array.from(graph.boxes, (one) => (test(one) ? 1 : 0));
  box[graph.box[0]] = 0;
  const before = new Uint32Array(entry.length + 1);
  for (let at = 0; at < entry.length; at++) {
    before[at + 1] = before[at] + (isHidden(entry[at]) ? 0 : box[graph.box[entry[at]]]);
  }
  return { box, before };
}

/** Whether any of the entries `first` to `last` matches. */
export function matchesIn({ before }: Matches, first: number, last: number): boolean {
  return before[last + 1] > before[first];
}

export interface Found {
  /** Value of the stacks that pass through a match; one that passes through several counts once. */
  readonly value: number;
  /** How many boxes of the picture match. */
  readonly boxes: number;
  /** Value left out for size outside of the matches: it may hold more of them. */
  readonly unsearched: number;
}

/** What matches at and under `focus`. Where an ancestor of `focus` matches, that is all of it. */
export function sumMatches(graph: FlameGraph, { box }: Matches, focus: number): Found {
  const end = subtreeEnd(graph, focus);
  let value = 0;
  let boxes = 0;
  let unsearched = 0;
  /** End of the subtree of the outermost match that we are in. */
  let inside = insideMatch(graph, box, focus) ? end : 0;
  if (inside) value = graph.total[focus];
  for (let node = focus; node < end; node++) {
    const matches = box[graph.box[node]] === 1;
    if (matches) boxes++;
    if (node < inside) continue;
    if (matches) {
      value += graph.total[node];
      inside = subtreeEnd(graph, node);
    } else unsearched += graph.hiddenValue[node];
  }
  return { value, boxes, unsearched };
}

function insideMatch({ depth, box: boxOf }: FlameGraph, box: Uint8Array, focus: number): boolean {
  let wanted = depth[focus] - 1;
  for (let node = focus - 1; node >= 0 && wanted >= 0; node--) {
    if (depth[node] !== wanted) continue;
    if (box[boxOf[node]] === 1) return true;
    wanted--;
  }
  return false;
}
