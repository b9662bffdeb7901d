import { signal } from '@preact/signals';
import { lazy } from '../parts/lazy.tsx';

export const paletteShown = signal(false);

const PaletteSheet = lazy(async () => (await import('./palette.tsx')).Palette);

export function PaletteButton() {
  return (
    <button
      type="button"
      class="palette-button"
      title="Go anywhere (Ctrl K)"
      onClick={() => (paletteShown.value = true)}
    >
      <span>Go to…</span>
      <kbd>{/Mac|iP/.test(navigator.userAgent) ? '⌘K' : 'Ctrl K'}</kbd>
    </button>
  );
}

/** Fetched when it is first opened. */
export function Palette() {
  return paletteShown.value ? <PaletteSheet /> : null;
}
