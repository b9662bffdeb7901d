import { showsFile } from '../state/data.ts';
import { parseSelector } from '../state/selector.ts';
import { view } from '../state/view.ts';
import { lazy } from './parts/lazy.tsx';
import { Matchers, ServicePicker, TypePicker } from './pickers.tsx';
import { VIEW_NAMES } from './view-names.ts';

const CaptureButton = lazy(async () => (await import('./capture/capture-button.tsx')).CaptureButton);

/** What the page is about: the service and its type, or the file. */
export function WhatRow() {
  if (showsFile.value) {
    return (
      <div class="what">
        <h1 class="what-file">{view.value.file}</h1>
        <TypePicker />
      </div>
    );
  }
  const { service } = parseSelector(view.value.query ?? '');
  const way = VIEW_NAMES.find((one) => one.view === view.value.view)?.name ?? '';
  return (
    <div class="what">
      <h1 class="visually-hidden">
        {service || 'All services'}: {way}
      </h1>
      <ServicePicker />
      <TypePicker />
      <Matchers />
      <CaptureButton />
    </div>
  );
}
