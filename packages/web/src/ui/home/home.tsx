import { useSignal } from '@preact/signals';
import type { ServiceOverview } from '../../api/types.ts';
import { typeName } from '../../format/profile-types.ts';
import { formatAgo, formatSpan } from '../../format/time.ts';
import { formatRate, formatShare } from '../../format/units.ts';
import { chooseType, OWN_SERVICE, typesOf } from '../../state/choice.ts';
import { overview } from '../../state/data.ts';
import { type Change, changedMost, changeOf, NOISE, type SortKey, sorted } from '../../state/ranking.ts';
import { formatSelector } from '../../state/selector.ts';
import { DEFAULT_VIEW } from '../../state/url.ts';
import { hrefOf, navigate, view } from '../../state/view.ts';
import { Sparkline } from './sparkline.tsx';
import './home.css';

/** A service that has not been heard of for this long is said to be quiet. */
const QUIET_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

/** All services at a glance: what each does now, and against the day before. */
export function Home() {
  const filter = useSignal('');
  const shown = overview.value.value;
  if (!shown) return null;
  const wanted = filter.value.trim().toLowerCase();
  const mine = shown.services.filter(({ service }) => service !== OWN_SERVICE);
  const own = shown.services.filter(({ service }) => service === OWN_SERVICE);
  const rows = [...sorted(mine, view.value.sort), ...own].filter(({ service, labels }) =>
    `${service} ${Object.values(labels).flat().join(' ')}`.toLowerCase().includes(wanted),
  );
  const most = changedMost(mine);
  const all = mine.reduce((sum, one) => sum + (one.average ?? 0), 0);
  return (
    <section class="home" aria-labelledby="home-title">
      <div class="home-head">
        <div>
          <h1 id="home-title">
            {mine.length === 1 ? '1 service' : `${mine.length} services`},{' '}
            {formatRate(all, shown.type, shown.kind)}
          </h1>
          <p class="home-about">On average, {formatSpan(shown.from, shown.until, Date.now())}</p>
        </div>
        <label class="search-field home-filter">
          <span class="visually-hidden">Filter services</span>
          <input
            type="text"
            placeholder="Filter services"
            autocomplete="off"
            spellcheck={false}
            value={filter.value}
            onInput={(event) => (filter.value = event.currentTarget.value)}
          />
        </label>
      </div>
      {most && <Most one={most} />}
      <table class="services">
        <thead>
          <tr>
            <Column name="Service" sort="service" />
            <th scope="col" class="services-shape">
              <span class="visually-hidden">Over time</span>
            </th>
            <Column name="CPU" sort="now" numeric />
            <Column name="Against a day ago" sort="change" numeric />
            <Column name="Language" sort="language" />
            <Column name="Last seen" sort="seen" />
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <Row key={one.service} one={one} isMost={one === most} />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="home-none">No service has “{filter.value}” in its name or labels.</p>}
    </section>
  );
}

/** The service that changed most, in a sentence, with the way to what changed in it. */
function Most({ one }: { one: ServiceOverview }) {
  const shown = overview.value.value;
  const change = changeOf(one);
  if (!shown || !change) return null;
  const amount = formatRate(Math.abs(change.by), shown.type, shown.kind);
  return (
    <p class="home-most">
      <span class="home-most-sign" data-grew={change.by > 0} aria-hidden="true" />
      <span>
        <strong>{one.service}</strong> changed most: {amount} {change.by > 0 ? 'more' : 'less'} than a day ago
        {change.share !== undefined && ` (${signedShare(change.share)})`}.
      </span>
      <a
        class="button"
        href={hrefOf({
          ...addressOf(one),
          view: 'diff',
          from: String(Math.floor(shown.from)),
          until: String(Math.ceil(shown.until)),
          baseFrom: String(Math.floor(shown.from - DAY_MS)),
          baseUntil: String(Math.ceil(shown.until - DAY_MS)),
        })}
      >
        What changed?
      </a>
    </p>
  );
}

function Column({ name, sort, numeric }: { name: string; sort: SortKey; numeric?: boolean }) {
  const current = view.value.sort || 'now';
  const direction = current === sort ? 'descending' : current === `-${sort}` ? 'ascending' : 'none';
  return (
    <th scope="col" aria-sort={direction} class={numeric ? 'numeric' : ''}>
      <button
        type="button"
        class="sort-button"
        onClick={() => navigate({ sort: current === sort ? `-${sort}` : sort }, 'replace')}
      >
        {name}
        <span class="sort-sign" aria-hidden="true" />
      </button>
    </th>
  );
}

function Row({ one, isMost }: { one: ServiceOverview; isMost: boolean }) {
  const shown = overview.value.value;
  if (!shown) return null;
  const now = Date.now();
  const quiet = now - one.lastSeen > QUIET_MS;
  return (
    <tr data-most={isMost} data-quiet={quiet}>
      <th scope="row">
        <a class="services-link" href={hrefOf(addressOf(one))}>
          {one.service}
        </a>
        {one.service === OWN_SERVICE && <span class="services-note">this server</span>}
      </th>
      <td class="services-shape">{one.average !== null && <Sparkline values={one.values} />}</td>
      <td class="numeric services-now">
        {one.average === null ? (
          <span class="services-without">{without(one, shown.type)}</span>
        ) : (
          formatRate(one.average, shown.type, shown.kind)
        )}
      </td>
      <td class="numeric">
        <ChangeText change={changeOf(one)} isNew={one.average !== null && one.before === null} />
      </td>
      <td>{(one.labels.language ?? []).join(', ')}</td>
      <td class="services-seen">{quiet ? formatAgo(one.lastSeen, now) : 'now'}</td>
    </tr>
  );
}

function ChangeText({ change, isNew }: { change: Change | undefined; isNew: boolean }) {
  const shown = overview.value.value;
  if (!shown || !change) return isNew ? <span class="services-without">not seen then</span> : null;
  if (Math.abs(change.share ?? 1) < NOISE) return <span class="services-without">about the same</span>;
  const sign = change.by > 0 ? '+' : '\u2212';
  return (
    <>
      {sign}
      {formatRate(Math.abs(change.by), shown.type, shown.kind)}
      {change.share !== undefined && <span class="services-share">{signedShare(change.share)}</span>}
    </>
  );
}

/** Why there is no number. */
function without(one: ServiceOverview, type: string): string {
  return one.types.includes(type) ? 'nothing in this range' : `no ${typeName(type)}`;
}

function signedShare(share: number): string {
  return `${share > 0 ? '+' : ''}${formatShare(share)}`;
}

/** The picture of one service: where it has no CPU time, of what it has. A range in which it is not seen leads to its last. */
function addressOf(one: ServiceOverview): Partial<typeof DEFAULT_VIEW> {
  const { from, until, theme, tz } = view.value;
  const shown = overview.value.value;
  const type = chooseType(typesOf([{ ...one, firstSeen: 0 }], one.service), undefined);
  const gone = shown && one.lastSeen < shown.from;
  return {
    ...DEFAULT_VIEW,
    theme,
    tz,
    query: formatSelector({ service: one.service, matchers: '' }),
    type: type === shown?.type ? undefined : type,
    ...(gone
      ? { from: String(one.lastSeen - 15 * 60_000), until: String(one.lastSeen + 60_000) }
      : { from, until }),
  };
}
