import { picture, showsFile } from '../state/data.ts';
import { FlamePanel } from './flame-panel.tsx';
import { NoData } from './no-data.tsx';
import { TimelinePanel } from './timeline/timeline-panel.tsx';
import { ViewTabs } from './view-tabs.tsx';
import { WhatRow } from './what-row.tsx';

/** One selection: what it did over time, and where its time went. */
export function PicturePage() {
  const shown = picture.value;
  const isEmpty = shown !== undefined && shown.answer.total <= 0;
  return (
    <>
      <WhatRow />
      {!showsFile.value && <TimelinePanel />}
      <ViewTabs />
      {isEmpty ? <NoData answer={shown.answer} /> : <FlamePanel />}
    </>
  );
}
