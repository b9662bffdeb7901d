import { transformed } from '@everflame/profile';
import { computed, useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { formatShare, formatValue } from '../../format/units.ts';
import { picture } from '../../state/data.ts';
import { found, matches } from '../../state/matches.ts';
import { hrefOf, view } from '../../state/view.ts';
import { hotPath, treeRows } from '../../tree/children.ts';
import { SearchBox } from '../flame/search-box.tsx';
import { openBoxMenu } from '../menu/box-menu-state.ts';
import { FunctionName, ShareBar } from '../parts/function-cells.tsx';
import { VirtualGrid } from '../parts/virtual-grid.tsx';
import './tree.css';

/** Deeper than this, rows are not moved further in: there would be no room for names. */
const DEEPEST = 24;
const INDENT = 15;

const treeGraph = computed(() => {
  const shown = picture.value;
  if (!shown) return undefined;
  return view.value.up ? transformed(shown.graph, [{ kind: 'invert', what: '' }]) : shown.graph;
});

/** Who calls what: from the root down, or from the functions that used the time upwards. */
export function TreePanel() {
  const shown = picture.value;
  const graph = treeGraph.value;
  if (!shown || !graph) return null;
  const { up } = view.value;
  return (
    <section class="panel-section" aria-label="Call tree">
      <div class="panel-bar">
        <div class="ranges">
          <a class="segment" href={hrefOf({ up: false })} aria-current={up ? undefined : 'true'}>
            From the root down
          </a>
          <a class="segment" href={hrefOf({ up: true })} aria-current={up ? 'true' : undefined}>
            From the functions up
          </a>
        </div>
        <SearchBox found={found.value} />
      </div>
      <Tree key={String(up)} />
    </section>
  );
}

function Tree() {
  const graph = treeGraph.value;
  const shown = picture.value;
  // Of a picture that is renewed, what was opened stays open as long as its nodes are the same.
  const initial = useMemo(() => new Set<number>(graph ? hotPath(graph).slice(0, -1) : []), [graph]);
  const changed = useSignal<{ of: unknown; open: ReadonlySet<number> } | undefined>(undefined);
  const active = useSignal(0);
  const own = changed.value;
  const open = own && own.of === graph ? own.open : initial;
  const rows = useMemo(() => (graph ? treeRows(graph, open) : []), [graph, open]);
  if (!graph || !shown) return null;
  const { unit } = shown.answer;
  const whole = graph.total[0];
  const found = matches.value;
  const isMatch = (node: number) => found !== undefined && found.box[graph.box[node]] === 1;
  const at = Math.min(active.value, rows.length - 1);

  const toggle = (row: number, wanted = !rows[row].isOpen) => {
    const next = new Set(open);
    if (wanted) next.add(rows[row].node);
    else next.delete(rows[row].node);
    changed.value = { of: graph, open: next };
  };
  const parentRow = (row: number) => {
    let above = row - 1;
    while (above >= 0 && graph.depth[rows[above].node] >= graph.depth[rows[row].node]) above--;
    return above;
  };
  const key = (pressed: string, row: number): boolean => {
    const one = rows[row];
    if (!one) return false;
    if (pressed === 'ArrowRight') {
      if (one.hasChildren && !one.isOpen) toggle(row, true);
      else if (one.isOpen) active.value = row + 1;
    } else if (pressed === 'ArrowLeft') {
      if (one.isOpen) toggle(row, false);
      else if (parentRow(row) >= 0) active.value = parentRow(row);
    } else return false;
    return true;
  };
  return (
    <VirtualGrid
      id="call"
      role="treegrid"
      label="Call tree. Right opens, left closes"
      columns="tree-columns"
      count={rows.length}
      active={at}
      onActive={(row) => (active.value = row)}
      onOpen={(row) => toggle(row)}
      onKey={key}
      onMenu={(row, x, y) => {
        const { node } = rows[row];
        openBoxMenu({ box: graph.boxes[graph.box[node]], x, y, ...(!view.peek().up && { node, graph }) });
      }}
      rowAttributes={(row) => {
        const { node, hasChildren, isOpen, position, siblings } = rows[row];
        return {
          'aria-level': graph.depth[node],
          'aria-posinset': position,
          'aria-setsize': siblings,
          ...(hasChildren && { 'aria-expanded': isOpen }),
          ...(isMatch(node) && { 'data-match': true }),
        };
      }}
      head={
        <>
          <span role="columnheader">{view.value.up ? 'Function, then its callers' : 'Function'}</span>
          <span role="columnheader">
            <span class="visually-hidden">Share</span>
          </span>
          <span role="columnheader" class="numeric">
            Total
          </span>
          <span role="columnheader" class="numeric">
            Share
          </span>
          <span role="columnheader" class="numeric">
            Self
          </span>
        </>
      }
      cells={(row) => {
        const { node, hasChildren, isOpen } = rows[row];
        const box = graph.boxes[graph.box[node]];
        return (
          <>
            <span
              role="gridcell"
              style={{ paddingLeft: `${Math.min(DEEPEST, graph.depth[node] - 1) * INDENT}px` }}
            >
              <span
                class="twig"
                data-open={isOpen}
                data-leaf={!hasChildren}
                aria-hidden="true"
                onClick={() => hasChildren && toggle(row)}
              />
              <FunctionName box={box} />
            </span>
            <span role="gridcell">
              <ShareBar total={graph.total[node] / whole} self={graph.self[node] / whole} />
            </span>
            <span role="gridcell" class="numeric">
              {formatValue(graph.total[node], unit)}
            </span>
            <span role="gridcell" class="numeric quiet">
              {formatShare(graph.total[node] / whole)}
            </span>
            <span role="gridcell" class="numeric">
              {formatValue(graph.self[node], unit)}
            </span>
          </>
        );
      }}
    />
  );
}
