import { boxName } from '@everflame/profile';
import { effect, untracked, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Fleet, FleetRow } from '../../api/types.ts';
import { formatSpan } from '../../format/time.ts';
import { formatCount, formatMoney, formatRate, formatShare } from '../../format/units.ts';
import { clock } from '../../state/clock.ts';
import { fleet } from '../../state/data.ts';
import { formatSelector } from '../../state/selector.ts';
import { DEFAULT_VIEW, type ViewState } from '../../state/url.ts';
import { hrefOf, navigate, view } from '../../state/view.ts';
import { ShareBar } from '../parts/function-cells.tsx';
import { VirtualGrid } from '../parts/virtual-grid.tsx';
import { type FleetLine, fleetLines } from './fleet-lines.ts';
import './fleet.css';

/** Hours of a month: what people pay by. */
const MONTH_HOURS = 730;

/** What the whole fleet spends its time on: functions, or modules, and in which services. */
export function FleetPage() {
  useEffect(
    () =>
      effect(() => {
        clock.servicesTicks.value;
        const { view: name, from, until, by } = view.value;
        if (name === 'fleet')
          untracked(() => fleet.load({ from, until, by: by === 'module' ? 'module' : undefined }));
      }),
    [],
  );
  const filter = useSignal('');
  const shown = fleet.value.value;
  if (!shown) return null;
  const { by } = view.value;
  return (
    <section class="fleet" aria-labelledby="fleet-title">
      <div class="home-head">
        <div>
          <h1 id="fleet-title">
            {formatRate(shown.whole, shown.type, shown.kind)} in{' '}
            {shown.services === 1 ? '1 service' : `${formatCount(shown.services)} services`}
            {shown.cost && `, ${formatMoney(perMonth(shown, shown.whole), shown.cost.currency)} a month`}
          </h1>
          <p class="home-about">
            {formatSpan(shown.from, shown.until, Date.now())}
            {shown.servicesLeftOut > 0 &&
              `; ${formatCount(shown.servicesLeftOut)} services that did least are not in it`}
          </p>
        </div>
        <div class="fleet-tools">
          <div class="ranges">
            <a class="segment" href={hrefOf({ by: '' })} aria-current={by === 'module' ? undefined : 'true'}>
              Functions
            </a>
            <a
              class="segment"
              href={hrefOf({ by: 'module' })}
              aria-current={by === 'module' ? 'true' : undefined}
            >
              Modules
            </a>
          </div>
          <label class="search-field home-filter">
            <span class="visually-hidden">Filter</span>
            <input
              type="text"
              placeholder={by === 'module' ? 'Filter modules' : 'Filter functions'}
              autocomplete="off"
              spellcheck={false}
              value={filter.value}
              onInput={(event) => (filter.value = event.currentTarget.value)}
            />
          </label>
        </div>
      </div>
      <Rows shown={shown} filter={filter.value} />
      {shown.others > 0 && (
        <p class="fleet-others">
          {formatCount(shown.others)} more {by === 'module' ? 'modules' : 'functions'},{' '}
          {formatShare(shown.rest / shown.whole)} together, are not listed.
        </p>
      )}
    </section>
  );
}

function Rows({ shown, filter }: { shown: Fleet; filter: string }) {
  const active = useSignal(0);
  const open = useSignal<ReadonlySet<string>>(new Set());
  const lines = useMemo(() => fleetLines(shown.rows, open.value, filter), [shown, open.value, filter]);
  const toggle = (at: number) => {
    const line = lines[at];
    if (!line) return;
    if (line.service !== undefined) {
      navigate(addressOf(line, line.service));
      return;
    }
    const next = new Set(open.value);
    if (!next.delete(line.key)) next.add(line.key);
    open.value = next;
  };
  return (
    <VirtualGrid
      id="fleet"
      role="treegrid"
      label="Functions across all services. Enter shows in which"
      columns={shown.cost ? 'fleet-columns fleet-cost' : 'fleet-columns'}
      count={lines.length}
      active={Math.min(active.value, lines.length - 1)}
      onActive={(row) => (active.value = row)}
      onOpen={toggle}
      onKey={(key, row) => {
        const line = lines[row];
        if (!line || line.service !== undefined || !(key === 'ArrowRight' || key === 'ArrowLeft'))
          return false;
        if (open.value.has(line.key) !== (key === 'ArrowRight')) toggle(row);
        return true;
      }}
      rowAttributes={(row) => {
        const { service, isOpen } = lines[row];
        return service === undefined
          ? { 'aria-level': 1, 'aria-expanded': isOpen, 'data-open': isOpen }
          : { 'aria-level': 2 };
      }}
      head={
        <>
          <span role="columnheader">{view.value.by === 'module' ? 'Module' : 'Function'}</span>
          <span role="columnheader">
            <span class="visually-hidden">Share</span>
          </span>
          <span role="columnheader" class="numeric">
            Self
          </span>
          <span role="columnheader" class="numeric">
            Share
          </span>
          <span role="columnheader" class="numeric">
            Total
          </span>
          {shown.cost && (
            <span role="columnheader" class="numeric">
              A month
            </span>
          )}
          <span role="columnheader" class="numeric">
            Services
          </span>
        </>
      }
      cells={(row) => <Cells shown={shown} line={lines[row]} onToggle={() => toggle(row)} />}
    />
  );
}

function Cells({ shown, line, onToggle }: { shown: Fleet; line: FleetLine; onToggle: () => void }) {
  const { row, service, self, isOpen } = line;
  const { type, kind, cost, whole } = shown;
  return (
    <>
      <span role="gridcell">
        {service === undefined ? (
          <button type="button" class="fleet-open" tabIndex={-1} onClick={onToggle}>
            <span class="twig" data-open={isOpen} aria-hidden="true" />
            {row.function || row.module}
            {row.function && row.module && <span class="fn-place">{row.module}</span>}
          </button>
        ) : (
          <a class="fn-name fleet-service" tabIndex={-1} href={hrefOf(addressOf(line, service))}>
            {service}
          </a>
        )}
      </span>
      <span role="gridcell">
        <ShareBar total={service === undefined ? row.total / whole : 0} self={self / whole} />
      </span>
      <span role="gridcell" class="numeric">
        {formatRate(self, type, kind)}
      </span>
      <span role="gridcell" class="numeric quiet">
        {formatShare(self / whole)}
      </span>
      <span role="gridcell" class="numeric">
        {service === undefined ? formatRate(row.total, type, kind) : ''}
      </span>
      {cost && (
        <span role="gridcell" class="numeric">
          {formatMoney(perMonth(shown, self), cost.currency)}
        </span>
      )}
      <span role="gridcell" class="numeric quiet">
        {service === undefined ? formatCount(row.services) : ''}
      </span>
    </>
  );
}

/** What cores (as nanoseconds per second) cost in a month of the same. */
function perMonth({ cost }: Fleet, value: number): number {
  return cost ? (value / 1e9) * cost.coreHour * MONTH_HOURS : 0;
}

function addressOf({ row }: { row: FleetRow }, service: string): Partial<ViewState> {
  const { from, until, theme, tz } = view.value;
  const query = formatSelector({ service, matchers: '' });
  const common = { ...DEFAULT_VIEW, from, until, theme, tz, query };
  return row.function
    ? { ...common, view: 'sandwich', fn: boxName({ function: row.function, module: row.module, file: '' }) }
    : { ...common, search: row.module };
}
