import { boxName, functionTable } from '@everflame/profile';
import { computed, useSignal } from '@preact/signals';
import { typeName } from '../../format/profile-types.ts';
import { formatCount, formatShare, formatValue } from '../../format/units.ts';
import { showAs } from '../../state/actions.ts';
import { picture } from '../../state/data.ts';
import { found, parsedSearch } from '../../state/matches.ts';
import { view } from '../../state/view.ts';
import { functionRows } from '../../tree/function-rows.ts';
import { SearchBox } from '../flame/search-box.tsx';
import { openBoxMenu } from '../menu/box-menu-state.ts';
import { FunctionName, ShareBar } from '../parts/function-cells.tsx';
import { SortColumn } from '../parts/sort-column.tsx';
import { VirtualGrid } from '../parts/virtual-grid.tsx';
import './table.css';

const SORT = 'self';

const table = computed(() => (picture.value ? functionTable(picture.value.graph) : undefined));

const rows = computed(() => {
  const search = parsedSearch.value;
  return table.value
    ? functionRows(table.value, view.value.sort || SORT, search.kind === 'test' ? search.test : () => true)
    : new Uint32Array();
});

/** The functions: what each used itself, and with what it called. */
export function TablePanel() {
  const active = useSignal(0);
  const shown = picture.value;
  const of = table.value;
  if (!shown || !of) return null;
  const { unit } = shown.answer;
  const list = rows.value;
  const whole = shown.graph.total[0];
  const at = Math.min(active.value, list.length - 1);
  const open = (row: number) => showAs('sandwich', { fn: boxName(of.boxes[list[row]]), focus: '' });
  return (
    <section class="panel-section" aria-label="Functions">
      <div class="panel-bar">
        <p>
          {list.length === of.boxes.length - 1
            ? `${formatCount(list.length)} functions`
            : `${formatCount(list.length)} of ${formatCount(of.boxes.length - 1)} functions`}
          , {typeName(shown.answer.type)} {formatValue(whole, unit)}
        </p>
        <SearchBox found={found.value} />
      </div>
      <VirtualGrid
        id="fn"
        label="Functions by their own time and with what they call"
        columns="table-columns"
        count={list.length}
        active={at}
        onActive={(row) => (active.value = row)}
        onOpen={open}
        onMenu={(row, x, y) => openBoxMenu({ box: of.boxes[list[row]], x, y })}
        head={
          <>
            <SortColumn name="Function" sort="name" otherwise={SORT} />
            <span role="columnheader" class="bar-cell">
              <span class="visually-hidden">Share</span>
            </span>
            <SortColumn name="Self" sort="self" otherwise={SORT} numeric />
            <span role="columnheader" class="numeric">
              <span class="visually-hidden">Self, share</span>
            </span>
            <SortColumn name="Total" sort="total" otherwise={SORT} numeric />
            <span role="columnheader" class="numeric">
              <span class="visually-hidden">Total, share</span>
            </span>
            <SortColumn name="Places" sort="places" otherwise={SORT} numeric />
          </>
        }
        cells={(row) => {
          const i = list[row];
          return (
            <>
              <span role="gridcell">
                <FunctionName box={of.boxes[i]} />
              </span>
              <span role="gridcell" class="bar-cell">
                <ShareBar total={of.total[i] / whole} self={of.self[i] / whole} />
              </span>
              <span role="gridcell" class="numeric">
                {formatValue(of.self[i], unit)}
              </span>
              <span role="gridcell" class="numeric quiet">
                {formatShare(of.self[i] / whole)}
              </span>
              <span role="gridcell" class="numeric">
                {formatValue(of.total[i], unit)}
              </span>
              <span role="gridcell" class="numeric quiet">
                {formatShare(of.total[i] / whole)}
              </span>
              <span role="gridcell" class="numeric quiet">
                {formatCount(of.places[i])}
              </span>
            </>
          );
        }}
      />
      {list.length === 0 && <p class="panel-none">No function matches the search.</p>}
    </section>
  );
}
