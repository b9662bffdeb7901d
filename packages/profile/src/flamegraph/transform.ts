import { type Box, boxName, type FlameGraph } from './flame-graph.ts';
import { findByPathId } from './path-ids.ts';
import { type OpenStack, rewrite } from './rewrite.ts';
import { trim } from './trim.ts';

/**
 * What can be done to a graph, one after another. Functions are named as boxName says, `function(module)`; each has a
 * text of its own, `kind` or `kind:what`, by which it stands in URLs.
 *
 *     path:ID       the box with this path id, alone
 *     focus:F       what F does, from all places where it is called, merged
 *     hide:F        without the stacks that pass through F
 *     merge:F       F's own time goes to its callers, F's callees hang under them
 *     module:M      the same for all functions of a module
 *     collapse      a function that calls itself directly is one box
 *     only:P        only functions whose module (file, or name) begins with P; the time of the others goes to their callers
 *     invert        from the functions that used the time, upwards
 *     trim:0.01     without boxes worth less than a hundredth
 */
export interface Transform {
  readonly kind: TransformKind;
  /** '' for kinds that need nothing. */
  readonly what: string;
}

const KINDS = ['path', 'focus', 'hide', 'merge', 'module', 'collapse', 'only', 'invert', 'trim'] as const;
export type TransformKind = (typeof KINDS)[number];

export function parseTransform(text: string): Transform | undefined {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const kind = KINDS.find((one) => one === name);
  const what = colon < 0 ? '' : text.slice(colon + 1);
  if (!kind || (what === '') !== (kind === 'collapse' || kind === 'invert')) return undefined;
  if (kind === 'trim' && !(Number(what) > 0 && Number(what) < 1)) return undefined;
  return { kind, what };
}

export function formatTransform({ kind, what }: Transform): string {
  return what ? `${kind}:${what}` : kind;
}

export function transformed(graph: FlameGraph, transforms: readonly Transform[]): FlameGraph {
  return transforms.reduce(transformOne, graph);
}

function transformOne(graph: FlameGraph, { kind, what }: Transform): FlameGraph {
  switch (kind) {
    case 'path':
      return subtree(graph, what);
    case 'focus':
      return rewrite(
        graph,
        from(graph, (box) => boxName(box) === what),
      );
    case 'hide':
      return rewrite(
        graph,
        without(graph, (box) => boxName(box) === what),
      );
    case 'merge':
      return rewrite(
        graph,
        keeping(graph, (box) => boxName(box) !== what),
      );
    case 'module':
      return rewrite(
        graph,
        keeping(graph, (box) => box.module !== what),
      );
    case 'only':
      return rewrite(
        graph,
        keeping(graph, (box) => (box.module || box.file || box.function).startsWith(what)),
      );
    case 'collapse':
      return rewrite(graph, collapse);
    case 'invert':
      return rewrite(graph, (stack, out) => {
        for (let i = 0; i < stack.length; i++) out[i] = stack.boxes[stack.length - 1 - i];
        return stack.length;
      });
    case 'trim':
      return trim(graph, { minShare: Number(what) });
  }
}

type Change = (stack: OpenStack, out: Uint32Array) => number;

/** For each box, and for LEFT_OUT behind them, which is nobody's. */
function flags(graph: FlameGraph, passes: (box: Box) => boolean, leftOut: boolean): boolean[] {
  return [...graph.boxes.map(passes), leftOut];
}

function from(graph: FlameGraph, wanted: (box: Box) => boolean): Change {
  const isIt = flags(graph, wanted, false);
  return ({ boxes, length }, out) => {
    let at = 0;
    while (at < length && !isIt[boxes[at]]) at++;
    if (at === length) return -1;
    out.set(boxes.subarray(at, length));
    return length - at;
  };
}

function without(graph: FlameGraph, unwanted: (box: Box) => boolean): Change {
  const isIt = flags(graph, unwanted, false);
  return ({ boxes, length }, out) => {
    for (let i = 0; i < length; i++) if (isIt[boxes[i]]) return -1;
    out.set(boxes.subarray(0, length));
    return length;
  };
}

function keeping(graph: FlameGraph, wanted: (box: Box) => boolean): Change {
  const isKept = flags(graph, wanted, true);
  return ({ boxes, length }, out) => {
    let kept = 0;
    for (let i = 0; i < length; i++) if (isKept[boxes[i]]) out[kept++] = boxes[i];
    return kept;
  };
}

function collapse({ boxes, length }: OpenStack, out: Uint32Array): number {
  let kept = 0;
  for (let i = 0; i < length; i++) if (kept === 0 || out[kept - 1] !== boxes[i]) out[kept++] = boxes[i];
  return kept;
}

/** A box that is not there leaves nothing: an empty picture says so, the whole one would lie. */
function subtree(graph: FlameGraph, id: string): FlameGraph {
  const node = findByPathId(graph, id);
  if (node === 0) return graph;
  const end = node < 0 ? -1 : endOf(graph, node);
  const level = node < 0 ? 0 : graph.depth[node];
  return rewriteRange(graph, node, end, level);
}

function endOf({ depth, length }: FlameGraph, node: number): number {
  let end = node + 1;
  while (end < length && depth[end] > depth[node]) end++;
  return end;
}

function rewriteRange(graph: FlameGraph, node: number, end: number, level: number): FlameGraph {
  const masked = {
    ...graph,
    self: graph.self.map((value, i) => (i >= node && i < end ? value : 0)),
    hidden: graph.hidden.map((value, i) => (i >= node && i < end ? value : 0)),
  };
  return rewrite(masked, ({ boxes, length }, out) => {
    out.set(boxes.subarray(level - 1, length));
    return length - level + 1;
  });
}
