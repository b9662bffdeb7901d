import { navigate, view } from '../../state/view.ts';

interface SortColumnProps {
  readonly name: string;
  readonly sort: string;
  /** Sort of a table whose address says none. */
  readonly otherwise: string;
  readonly numeric?: boolean;
}

/** A column head of a grid that sorts by it, and the other way round when it is pressed again. */
export function SortColumn({ name, sort, otherwise, numeric = false }: SortColumnProps) {
  const current = view.value.sort || otherwise;
  const direction = current === sort ? 'descending' : current === `-${sort}` ? 'ascending' : 'none';
  return (
    <span role="columnheader" aria-sort={direction} class={numeric ? 'numeric' : ''}>
      <button
        type="button"
        class="sort-button"
        onClick={() => navigate({ sort: current === sort ? `-${sort}` : sort }, 'replace')}
      >
        {name}
        <span class="sort-sign" aria-hidden="true" />
      </button>
    </span>
  );
}
