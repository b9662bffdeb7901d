import { leaveRange, showAs, undoTransform, zoomOut } from '../state/actions.ts';
import { isPicture, navigate, trail, view } from '../state/view.ts';
import { keysShown } from './shell/keys-sheet.tsx';
import { paletteShown } from './shell/palette-button.tsx';
import { VIEW_NAMES } from './view-names.ts';

/** Keys that work wherever one is, except in a field. */
export function globalKeys(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    paletteShown.value = true;
    event.preventDefault();
    return;
  }
  const inField =
    event.target instanceof HTMLElement && event.target.closest('input, select, textarea, dialog, [popover]');
  if (inField || event.ctrlKey || event.metaKey || event.altKey) return;
  if (act(event.key)) event.preventDefault();
}

function act(key: string): boolean {
  if (key === '?') keysShown.value = true;
  else if (key === 'g') paletteShown.value = true;
  else if (!isPicture.peek()) return false;
  else if (key === '/') document.getElementById('search')?.focus();
  else if (key === 'Escape') return leave();
  else if (key === 'u' && view.peek().do.length > 0) undoTransform(view.peek().do.length - 1);
  else if (key === 'n' || key === 'N')
    void import('./flame/flame-panel.tsx').then(({ goToMatch }) => goToMatch(key === 'n' ? 1 : -1));
  else if (key === 'f') navigate({ flip: !view.peek().flip }, 'replace');
  else {
    const named = VIEW_NAMES.find((one) => one.key === key);
    if (!named) return false;
    showAs(named.view);
  }
  return true;
}

function leave(): boolean {
  if (view.peek().focus) zoomOut();
  else if (trail.peek().outer.length > 0) leaveRange();
  else return false;
  return true;
}
