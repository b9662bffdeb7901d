import { graph, picture, services, showsFile } from '../state/data.ts';
import { view } from '../state/view.ts';
import { FlamePanel } from './flame/flame-panel.tsx';
import { BoxMenu } from './menu/box-menu.tsx';
import { NoData } from './no-data.tsx';
import { lazy } from './parts/lazy.tsx';
import { TimelinePanel } from './timeline/timeline-panel.tsx';
import { TransformChips } from './transform-chips.tsx';
import { ViewTabs } from './view-tabs.tsx';
import { WhatRow } from './what-row.tsx';

const TablePanel = lazy(async () => (await import('./table/table-panel.tsx')).TablePanel);
const TreePanel = lazy(async () => (await import('./tree/tree-panel.tsx')).TreePanel);
const SandwichPanel = lazy(async () => (await import('./sandwich/sandwich-panel.tsx')).SandwichPanel);
const DiffPanel = lazy(async () => (await import('./diff/diff-panel.tsx')).DiffPanel);

const ProfilesPanel = lazy(async () => (await import('./profiles/profiles-panel.tsx')).ProfilesPanel);

/** One selection: what it did over time, and where its time went. */
export function PicturePage() {
  return (
    <>
      <WhatRow />
      {!showsFile.value && <TimelinePanel />}
      <ViewTabs />
      <Progress />
      <TransformChips />
      <Panel />
      <BoxMenu />
    </>
  );
}

/** A question that takes its time can be given up; quick ones show nothing of it. */
function Progress() {
  const busy = graph.pending.value;
  return (
    <div class="progress" data-busy={busy}>
      {busy && (
        <button type="button" class="button progress-cancel" onClick={() => graph.cancel()}>
          Stop waiting
        </button>
      )}
    </div>
  );
}

function Panel() {
  const shown = picture.value;
  const { view: name } = view.value;
  // A comparison may be with a time in which there was nothing, and says so itself.
  if (name === 'diff') return <DiffPanel />;
  if (name === 'profiles' && !showsFile.value) return <ProfilesPanel />;
  if (shown && shown.answer.total <= 0) {
    // Until the types of the service are known, it may have been asked for the wrong one.
    return services.value.value || showsFile.value ? <NoData answer={shown.answer} /> : null;
  }
  if (name === 'table') return <TablePanel />;
  if (name === 'tree') return <TreePanel />;
  if (name === 'sandwich') return <SandwichPanel />;
  return <FlamePanel />;
}
