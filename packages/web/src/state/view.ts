import { batch, signal } from '@preact/signals';
import type { Range } from './range.ts';
import { formatView, parseView, type ViewState } from './url.ts';

/** What the history remembers beside the URL: how one came here, so that "back" leads there. */
export interface Trail {
  /** Ranges that were left by dragging on the timeline, outermost first. */
  readonly outer: readonly Range[];
  /** This entry was made by zooming into a box: leaving the box is going back. */
  readonly zoomed: boolean;
}

const NO_TRAIL: Trail = { outer: [], zoomed: false };

export const view = signal<ViewState>(parseView(location.search));
export const trail = signal<Trail>(readTrail(history.state));

window.addEventListener('popstate', (event) => {
  batch(() => {
    view.value = parseView(location.search);
    trail.value = readTrail(event.state);
  });
});

/** Goes to a view: as a step that the back button undoes, or in place of the present one. */
export function navigate(
  change: Partial<ViewState>,
  how: 'push' | 'replace' = 'push',
  trailChange?: Partial<Trail>,
): void {
  const next = { ...view.peek(), ...change };
  const nextTrail = { ...trail.peek(), ...(how === 'push' ? { zoomed: false } : {}), ...trailChange };
  const url = formatView(next) + location.hash;
  if (how === 'push' && url === formatView(view.peek())) return;
  if (how === 'push') history.pushState(nextTrail, '', url);
  else history.replaceState(nextTrail, '', url);
  batch(() => {
    view.value = next;
    trail.value = nextTrail;
  });
}

/** The URL of a view that differs from the present one: for links that can be opened in a new tab. */
export function hrefOf(change: Partial<ViewState>): string {
  return formatView({ ...view.value, ...change });
}

function readTrail(state: unknown): Trail {
  if (typeof state !== 'object' || state === null || !('outer' in state) || !Array.isArray(state.outer))
    return NO_TRAIL;
  return { outer: state.outer as Range[], zoomed: 'zoomed' in state && state.zoomed === true };
}
