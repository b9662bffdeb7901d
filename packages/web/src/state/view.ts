import { batch, computed, signal } from '@preact/signals';
import type { Range } from './range.ts';
import { formatView, newerVersion, PICTURES, parseView, type ViewState } from './url.ts';

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
/** Version of the link that was opened, where it is newer than this page. */
export const linkIsNewer = newerVersion(location.search);

/** Whether what is shown is a picture of one selection (or of a file), and not a list of many. */
export const isPicture = computed(() => PICTURES.some((one) => one === view.value.view));

/** Runs the router: back and forward, and links within the page without loading it anew. */
export function startRouter(): void {
  window.addEventListener('popstate', (event) => show(parseView(location.search), readTrail(event.state)));
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) && event.button === 0;
    if (!link || !isPlain || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || link.pathname !== location.pathname || link.hash) return;
    event.preventDefault();
    history.pushState(NO_TRAIL, '', link.href);
    show(parseView(link.search), NO_TRAIL);
    window.scrollTo(0, 0);
  });
}

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
  show(next, nextTrail);
}

/** The URL of a view that differs from the present one: for links that can be opened in a new tab. */
export function hrefOf(change: Partial<ViewState>): string {
  return formatView({ ...view.value, ...change });
}

function show(next: ViewState, nextTrail: Trail): void {
  batch(() => {
    view.value = next;
    trail.value = nextTrail;
  });
}

function readTrail(state: unknown): Trail {
  if (typeof state !== 'object' || state === null || !('outer' in state) || !Array.isArray(state.outer))
    return NO_TRAIL;
  return { outer: state.outer as Range[], zoomed: 'zoomed' in state && state.zoomed === true };
}
