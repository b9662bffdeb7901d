import { decodeFlameGraph } from '@everflame/profile';
import { computed, effect, untracked, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { get } from '../../api/client.ts';
import type { FlameGraphAnswer, SingleProfile, SingleProfiles } from '../../api/types.ts';
import { toPprof } from '../../export/texts.ts';
import { formatMoment } from '../../format/time.ts';
import { formatCount, formatDuration, formatRate, formatValue } from '../../format/units.ts';
import { clock } from '../../state/clock.ts';
import { question } from '../../state/data.ts';
import { Resource } from '../../state/resource.ts';
import { formatSelector } from '../../state/selector.ts';
import type { ViewState } from '../../state/url.ts';
import { hrefOf, navigate, view } from '../../state/view.ts';
import { cellOf, heatMap } from '../../timeline/heat-map.ts';
import { save } from '../export/save.ts';
import { VirtualGrid } from '../parts/virtual-grid.tsx';
import { HeatMapPicture } from './heat-map-picture.tsx';
import './profiles.css';

const COLUMNS = 72;
const ROWS = 12;
const LIMIT = 5000;

const singles = new Resource<SingleProfiles, SingleProfiles>('profiles', (raw) => raw);

/** Value per second for flows, the level for levels: windows of different lengths compare. */
const points = computed(() => {
  const shown = singles.value.value;
  return (shown?.profiles ?? []).map((one) => ({
    ...one,
    at: one.start,
    value: shown?.kind === 'flow' ? (one.total * 1000) / Math.max(1, one.end - one.start) : one.total,
  }));
});

/** The windows behind the picture: how they spread over time and value, and each by itself. */
export function ProfilesPanel() {
  useEffect(
    () =>
      effect(() => {
        clock.ticks.value;
        const asked = question.value;
        if (asked && view.value.view === 'profiles')
          untracked(() => singles.load({ ...asked, limit: LIMIT }));
      }),
    [],
  );
  const cell = useSignal<number | undefined>(undefined);
  const shown = singles.value.value;
  const all = points.value;
  const map = useMemo(
    () => (shown ? heatMap(all, shown.from, shown.until, COLUMNS, ROWS) : undefined),
    [shown, all],
  );
  if (!shown || !map) return null;
  const top = map.bounds[ROWS];
  const chosen = cell.value;
  const listed =
    chosen === undefined
      ? all
      : all.filter((one) => cellOf(one, shown.from, shown.until, COLUMNS, ROWS, top) === chosen);
  return (
    <section class="panel-section" aria-label="Single profiles">
      <div class="panel-bar">
        <p>
          {shown.count > all.length
            ? `The ${formatCount(all.length)} of ${formatCount(shown.count)} profiles that are worth most`
            : shown.count === 1
              ? '1 profile'
              : `${formatCount(shown.count)} profiles`}
          {chosen !== undefined && `, ${formatCount(listed.length)} in the cell`}
        </p>
        {chosen !== undefined && (
          <button type="button" class="button" onClick={() => (cell.value = undefined)}>
            All of them
          </button>
        )}
      </div>
      <HeatMapPicture
        map={map}
        from={shown.from}
        until={shown.until}
        words={(value) => words(shown, value)}
        chosen={chosen}
        onChoose={(at) => (cell.value = at === chosen ? undefined : at)}
      />
      <List shown={shown} profiles={listed} />
    </section>
  );
}

function words({ type, kind, unit }: SingleProfiles, value: number): string {
  return kind === 'level' ? formatValue(value, unit) : formatRate(value, type, kind);
}

function List({
  shown,
  profiles,
}: {
  shown: SingleProfiles;
  profiles: readonly (SingleProfile & { value: number })[];
}) {
  const active = useSignal(0);
  return (
    <VirtualGrid
      id="single"
      label="Single profiles, those worth most first"
      columns="single-columns"
      count={profiles.length}
      active={Math.min(active.value, profiles.length - 1)}
      onActive={(row) => (active.value = row)}
      onOpen={(row) => navigate(addressOf(profiles[row]))}
      head={
        <>
          <span role="columnheader">Start</span>
          <span role="columnheader" class="numeric">
            Value
          </span>
          <span role="columnheader" class="numeric">
            Length
          </span>
          <span role="columnheader">Labels</span>
          <span role="columnheader">
            <span class="visually-hidden">Actions</span>
          </span>
        </>
      }
      cells={(row) => {
        const one = profiles[row];
        return (
          <>
            <span role="gridcell">
              <a class="fn-name" tabIndex={-1} href={hrefOf(addressOf(one))}>
                {formatMoment(one.start, shown.until - shown.from)}
              </a>
            </span>
            <span role="gridcell" class="numeric">
              {words(shown, one.value)}
            </span>
            <span role="gridcell" class="numeric quiet">
              {formatDuration((one.end - one.start) / 1000)}
            </span>
            <span role="gridcell" class="quiet">
              {Object.entries(one.labels)
                .map(([name, value]) => `${name}=${value}`)
                .join(' ')}
            </span>
            <span role="gridcell" class="single-actions">
              <a tabIndex={-1} href={hrefOf(comparedWith(one))}>
                Compare
              </a>
              <button type="button" tabIndex={-1} onClick={() => void download(shown, one)}>
                Download
              </button>
            </span>
          </>
        );
      }}
    />
  );
}

/** What selects this window and no other: a process has one at a time. */
function selectionOf({ service, labels, start, end }: SingleProfile) {
  const quoted = (value: string) => `"${value.replace(/[\\"]/g, '\\$&')}"`;
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`);
  return {
    query: formatSelector({ service, matchers: matchers.join(',') }),
    from: String(Math.floor(start)),
    until: String(Math.max(Math.floor(start) + 1, Math.floor(end))),
  };
}

function addressOf(one: SingleProfile): Partial<ViewState> {
  return { view: 'flame', ...selectionOf(one), focus: '', by: '' };
}

/** This window, against all that are shown. */
function comparedWith(one: SingleProfile): Partial<ViewState> {
  const { query, from, until } = view.value;
  return {
    view: 'diff',
    ...selectionOf(one),
    base: query ?? '',
    baseFrom: from,
    baseUntil: until,
    focus: '',
    by: '',
  };
}

async function download(shown: SingleProfiles, one: SingleProfile): Promise<void> {
  const asked = { ...selectionOf(one), type: shown.type, min: 0 };
  const answer = await get<FlameGraphAnswer>('flamegraph', asked, new AbortController().signal);
  if (!answer.ok) return;
  const { graph, ...facts } = answer.value;
  const at = new Date(one.start).toISOString().slice(0, 19).replaceAll(':', '-');
  save(`${one.service}-${at}.pb`, 'application/octet-stream', toPprof(decodeFlameGraph(graph), facts));
}
