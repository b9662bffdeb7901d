import { showsFile } from '../state/data.ts';
import { view } from '../state/view.ts';
import { Matchers, ServicePicker, TypePicker } from './pickers.tsx';

/** What the page is about: the service and its type, or the file. */
export function WhatRow() {
  if (showsFile.value) {
    return (
      <div class="what">
        <h1 class="what-file">{view.value.file}</h1>
      </div>
    );
  }
  return (
    <div class="what">
      <ServicePicker />
      <TypePicker />
      <Matchers />
    </div>
  );
}
