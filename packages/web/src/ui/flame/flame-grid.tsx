import { pathTo } from '@everflame/profile';
import { formatShare, formatValue } from '../../format/units.ts';
import type { ShownGraph } from '../../state/data.ts';
import { childrenOf } from '../../tree/children.ts';
import type { FlamePictureProps } from './flame-picture.tsx';

interface FlameGridProps {
  readonly shown: ShownGraph;
  readonly focus: number;
  /** Node that the keys are at; -1 for none. */
  readonly selected: number;
  readonly rootName: string;
  readonly label: string;
  readonly facts: FlamePictureProps['facts'];
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onBlur: () => void;
}

/** Rows on either side of the selected one that are in the document. */
const AROUND = 12;

/**
 * The flame graph as a screen reader reads it: a tree grid over the canvas, of which those rows are there that can be
 * reached with the next keys: the way down from the root, the selected box, its neighbours and what it calls.
 */
export function FlameGrid({
  shown,
  focus,
  selected,
  rootName,
  label,
  facts,
  onKeyDown,
  onBlur,
}: FlameGridProps) {
  const { graph } = shown;
  const at = selected >= 0 && selected < graph.length ? selected : Math.max(0, focus);
  const path = pathTo(graph, at);
  const ancestors = path.slice(0, -1);
  const parent = ancestors.at(-1);
  const siblings = parent === undefined ? [at] : childrenOf(graph, parent);
  const own = siblings.indexOf(at);
  const near = siblings.slice(Math.max(0, own - AROUND), own + AROUND + 1);
  const below = childrenOf(graph, at).slice(0, AROUND);
  const rows = [
    ...ancestors,
    ...near.slice(0, near.indexOf(at) + 1),
    ...below,
    ...near.slice(near.indexOf(at) + 1),
  ];
  return (
    <div
      class="flame-grid"
      role="treegrid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={graph.length}
      aria-activedescendant={`box-${at}`}
      aria-describedby="flame-grid-help"
      onKeyDown={onKeyDown}
      onBlur={onBlur}
    >
      <div class="visually-hidden" role="rowgroup">
        {rows.map((node) => (
          <Row
            key={node}
            shown={shown}
            node={node}
            isSelected={node === at}
            rootName={rootName}
            facts={facts}
          />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly shown: ShownGraph;
  readonly node: number;
  readonly isSelected: boolean;
  readonly rootName: string;
  readonly facts: FlamePictureProps['facts'];
}

function Row({ shown: { graph, answer }, node, isSelected, rootName, facts }: RowProps) {
  const box = graph.boxes[graph.box[node]];
  const path = pathTo(graph, node);
  const parent = path.at(-2);
  const siblings = parent === undefined ? [node] : childrenOf(graph, parent);
  const children = childrenOf(graph, node).length;
  return (
    <div
      id={`box-${node}`}
      role="row"
      aria-level={graph.depth[node] + 1}
      aria-posinset={siblings.indexOf(node) + 1}
      aria-setsize={siblings.length}
      aria-rowindex={node + 1}
      aria-selected={isSelected}
      aria-expanded={children > 0 ? true : undefined}
    >
      <span role="gridcell">
        {node === 0 ? rootName : box.function || '(no name)'}
        {box.module && `, ${box.module}`}
      </span>
      {facts ? (
        facts(node).map(({ name, value }) => (
          <span key={name} role="gridcell">
            {name} {value}
          </span>
        ))
      ) : (
        <>
          <span role="gridcell">
            {formatValue(graph.total[node], answer.unit)}, {formatShare(graph.total[node] / graph.total[0])}{' '}
            of all
          </span>
          <span role="gridcell">self {formatValue(graph.self[node], answer.unit)}</span>
        </>
      )}
      {graph.hidden[node] > 0 && (
        <span role="gridcell">{graph.hidden[node]} callees are too narrow to show; Enter shows them</span>
      )}
    </div>
  );
}
