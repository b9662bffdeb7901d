import { findByPathId, formatPathId } from '@everflame/profile';
import { useMemo } from 'preact/hooks';
import { stylesByChange, stylesByModule } from '../../flame/node-styles.ts';
import { findMatches } from '../../flame/search.ts';
import { formatSpan } from '../../format/time.ts';
import { formatShare } from '../../format/units.ts';
import { zoomOut } from '../../state/actions.ts';
import { baseGraph, comparesShares, comparison, startComparison } from '../../state/comparison.ts';
import { pathIdsOf, picture, type ShownGraph } from '../../state/data.ts';
import { found, parsedSearch } from '../../state/matches.ts';
import { hrefOf, navigate, view } from '../../state/view.ts';
import { FlamePicture } from '../flame/flame-picture.tsx';
import { SearchBox } from '../flame/search-box.tsx';
import { openBoxMenu } from '../menu/box-menu-state.ts';
import { ChangeTable } from './change-table.tsx';
import { type Compared, formatChange, formatSide } from './change-text.ts';
import { OtherSide } from './other-side.tsx';
import '../../styles/flame.css';
import './diff.css';

/** Two selections: what grew and what shrank, as a picture and as a table. */
export function DiffPanel() {
  startComparison();
  const both = comparison.value;
  const error = baseGraph.error.value;
  return (
    <section class="panel-section" aria-label="Comparison">
      <div class="panel-bar">
        <OtherSide />
        <div class="diff-tools">
          <div class="ranges">
            <a
              class="segment"
              href={hrefOf({ relative: false })}
              aria-current={view.value.relative ? undefined : 'true'}
            >
              Amounts
            </a>
            <a
              class="segment"
              href={hrefOf({ relative: true })}
              aria-current={view.value.relative ? 'true' : undefined}
            >
              Shares
            </a>
          </div>
          <div class="ranges">
            <a
              class="segment"
              href={hrefOf({ beside: false })}
              aria-current={view.value.beside ? undefined : 'true'}
            >
              One graph
            </a>
            <a
              class="segment"
              href={hrefOf({ beside: true })}
              aria-current={view.value.beside ? 'true' : undefined}
            >
              Side by side
            </a>
          </div>
          <SearchBox found={found.value} />
        </div>
      </div>
      {error && (
        <p class="panel-none" role="alert">
          The other side: {error.message} <code class="error-code">{error.code}</code>
        </p>
      )}
      {both && <Sides both={both} />}
    </section>
  );
}

function Sides({ both }: { both: Compared }) {
  const { now, before, functions } = both;
  const empty = [before, now].filter(({ graph }) => graph.total[0] <= 0);
  return (
    <>
      <Summary both={both} />
      {empty.map((side) => (
        <p key={side === now ? 'now' : 'before'} class="diff-empty">
          There is nothing {side === now ? 'in this selection' : 'on the other side'}:{' '}
          {side.answer.notes.find(({ code }) => code === 'no_data')?.message ?? 'no profile.'}
        </p>
      ))}
      {empty.length < 2 &&
        (view.value.beside ? (
          <div class="diff-beside">
            <div>
              <h2>Before</h2>
              <Side shown={before} />
            </div>
            <div>
              <h2>Now</h2>
              <Side shown={now} />
            </div>
          </div>
        ) : (
          <Differential both={both} />
        ))}
      {empty.length < 2 && <ChangeTable both={both} functions={functions} />}
    </>
  );
}

function Summary({ both }: { both: Compared }) {
  const { now, before } = both;
  const change = both.now.graph.total[0] - both.before.graph.total[0] * amountScale(both);
  const span = ({ answer }: ShownGraph) => formatSpan(answer.from, answer.until, Date.now());
  const was = before.graph.total[0] * amountScale(both);
  return (
    <p class="diff-summary">
      <span class="diff-side">
        <span class="swatch diff-before" aria-hidden="true" /> {before.answer.query || 'All services'},{' '}
        {span(before)}: <strong>{formatSide(both, was, false)}</strong>
      </span>
      <span class="diff-side">
        <span class="swatch diff-now" aria-hidden="true" /> {now.answer.query || 'All services'}, {span(now)}:{' '}
        <strong>{formatSide(both, now.graph.total[0], false)}</strong>
      </span>
      <span class="diff-side">
        <strong>
          {formatChange(both, change, false)}
          {was > 0 && ` (${change > 0 ? '+' : ''}${formatShare(change / was)})`}
        </strong>
      </span>
    </p>
  );
}

/** Totals are told as amounts also where shares are compared: those are equal by their making. */
function amountScale({ now, before, scale }: Compared): number {
  if (!comparesShares.value) return scale;
  if (now.answer.kind === 'level') return 1;
  return before.answer.seconds > 0 ? now.answer.seconds / before.answer.seconds : 1;
}

function Differential({ both }: { both: Compared }) {
  const { nodes, layout } = both;
  const { graph, before, now } = nodes;
  const styles = useMemo(() => stylesByChange(before, now), [before, now]);
  const answer = both.now.answer;
  const shown = useMemo<ShownGraph>(() => ({ answer, graph, layout }), [graph, layout, answer]);
  const { focus: id } = view.value;
  const focus = id ? Math.max(0, findByPathId(graph, id, pathIdsOf(graph))) : 0;
  const search = parsedSearch.value;
  return (
    <>
      <p class="diff-key" aria-hidden="true">
        less <span class="diff-ramp" /> more <span class="diff-key-note">width: both together</span>
      </p>
      <FlamePicture
        shown={shown}
        focus={focus}
        focusId={focus === 0 ? '' : id}
        matches={search.kind === 'test' ? findMatches(layout, search.test) : undefined}
        styles={styles}
        flip={view.value.flip}
        rootName="Both"
        label="Differences"
        facts={(node) => [
          { name: 'Before', value: formatSide(both, before[node]) },
          { name: 'Now', value: formatSide(both, now[node]) },
          {
            name: 'Change',
            value: `${formatChange(both, now[node] - before[node])}${before[node] > 0 ? `, ${formatShare((now[node] - before[node]) / before[node])}` : ''}`,
          },
        ]}
        onOpen={(node) =>
          navigate({ focus: node === 0 ? '' : formatPathId(pathIdsOf(graph), node) }, 'push', {
            zoomed: true,
          })
        }
        onBack={zoomOut}
        onMenu={(box, node, x, y) => openBoxMenu({ box, node, graph, x, y })}
      />
    </>
  );
}

/** One side by itself. Boxes have the same path on both, so that zooming into one zooms into the other. */
function Side({ shown }: { shown: ShownGraph }) {
  const { graph } = shown;
  const { focus: id } = view.value;
  const focus = id ? Math.max(0, findByPathId(graph, id, pathIdsOf(graph))) : 0;
  const search = parsedSearch.value;
  const styles = useMemo(() => stylesByModule(graph), [graph]);
  return (
    <FlamePicture
      shown={shown}
      focus={focus}
      focusId={focus === 0 ? '' : id}
      matches={search.kind === 'test' ? findMatches(shown.layout, search.test) : undefined}
      styles={styles}
      flip={view.value.flip}
      rootName={shown.answer.query || 'All services'}
      label={shown === picture.value ? 'Now' : 'Before'}
      onOpen={(node) =>
        navigate({ focus: node === 0 ? '' : formatPathId(pathIdsOf(graph), node) }, 'push', { zoomed: true })
      }
      onBack={zoomOut}
      onMenu={(box, node, x, y) => openBoxMenu({ box, node, graph, x, y })}
    />
  );
}
