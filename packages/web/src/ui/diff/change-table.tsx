import type { FunctionChange } from '@everflame/profile';
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { showAs } from '../../state/actions.ts';
import { parsedSearch } from '../../state/matches.ts';
import { view } from '../../state/view.ts';
import { openBoxMenu } from '../menu/box-menu-state.ts';
import { FunctionName } from '../parts/function-cells.tsx';
import { SortColumn } from '../parts/sort-column.tsx';
import { VirtualGrid } from '../parts/virtual-grid.tsx';
import { type Compared, formatChange, formatSide } from './change-text.ts';

const SORT = 'self';

const KEYS: Readonly<Record<string, (one: FunctionChange) => number>> = {
  self: (one) => Math.abs(one.selfNow - one.selfBefore),
  total: (one) => Math.abs(one.totalNow - one.totalBefore),
  before: (one) => one.selfBefore,
  now: (one) => one.selfNow,
};

function sortedBy(functions: readonly FunctionChange[], sort: string): FunctionChange[] {
  const reversed = sort.startsWith('-');
  const key = KEYS[reversed ? sort.slice(1) : sort] ?? KEYS[SORT];
  const rows = [...functions].sort((a, b) => key(b) - key(a));
  return reversed ? rows.reverse() : rows;
}

/** What grew and what shrank, by what the functions used themselves: who only calls the culprit is not on top. */
export function ChangeTable({ both, functions }: { both: Compared; functions: readonly FunctionChange[] }) {
  const active = useSignal(0);
  const search = parsedSearch.value;
  const { sort } = view.value;
  const rows = useMemo(() => {
    const found = search.kind === 'test' ? functions.filter(({ box }) => search.test(box)) : functions;
    return sortedBy(found, sort || SORT);
  }, [functions, search, sort]);
  const largest = Math.max(
    Number.MIN_VALUE,
    ...rows.slice(0, 1).map(KEYS.self),
    ...functions.slice(0, 1).map(KEYS.self),
  );
  return (
    <VirtualGrid
      id="change"
      label="Functions by how much they changed"
      columns="change-columns"
      count={rows.length}
      active={Math.min(active.value, rows.length - 1)}
      onActive={(row) => (active.value = row)}
      onOpen={(row) => showAs('sandwich', { fn: rows[row].name, focus: '' })}
      onMenu={(row, x, y) => openBoxMenu({ box: rows[row].box, x, y })}
      head={
        <>
          <span role="columnheader">Function</span>
          <span role="columnheader">
            <span class="visually-hidden">Less or more</span>
          </span>
          <SortColumn name="Change of self" sort="self" otherwise={SORT} numeric />
          <SortColumn name="Before" sort="before" otherwise={SORT} numeric />
          <SortColumn name="Now" sort="now" otherwise={SORT} numeric />
          <SortColumn name="Change of total" sort="total" otherwise={SORT} numeric />
        </>
      }
      cells={(row) => {
        const one = rows[row];
        const change = one.selfNow - one.selfBefore;
        return (
          <>
            <span role="gridcell">
              <FunctionName box={one.box} />
            </span>
            <span role="gridcell">
              <ChangeBar share={change / largest} />
            </span>
            <span role="gridcell" class="numeric">
              {formatChange(both, change)}
            </span>
            <span role="gridcell" class="numeric quiet">
              {one.selfBefore === 0 && one.totalBefore === 0 ? 'new' : formatSide(both, one.selfBefore)}
            </span>
            <span role="gridcell" class="numeric quiet">
              {one.selfNow === 0 && one.totalNow === 0 ? 'gone' : formatSide(both, one.selfNow)}
            </span>
            <span role="gridcell" class="numeric">
              {formatChange(both, one.totalNow - one.totalBefore)}
            </span>
          </>
        );
      }}
    />
  );
}

/** To the left what shrank, to the right what grew. */
function ChangeBar({ share }: { share: number }) {
  const width = Math.min(50, Math.abs(share) * 50);
  return (
    <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-axis" x="49.8" width="0.4" height="8" />
      <rect
        class={share > 0 ? 'bar-grown' : 'bar-shrunk'}
        x={share > 0 ? 50 : 50 - width}
        width={width}
        height="8"
      />
    </svg>
  );
}
