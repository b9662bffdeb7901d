import { effect, untracked } from '@preact/signals';
import { empty } from './connection.ts';
import { DEFAULT_VIEW } from './url.ts';
import { navigate, view } from './view.ts';

/** Who waits for the first profile is shown it: the list of one service would be a step in between. */
export function startFirstProfile(): void {
  let waited = false;
  effect(() => {
    if (empty.value) waited = true;
    else if (waited) {
      waited = false;
      untracked(() => {
        if (view.peek().view === 'home')
          navigate({ view: DEFAULT_VIEW.view, from: DEFAULT_VIEW.from }, 'replace');
      });
    }
  });
}
