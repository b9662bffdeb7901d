import { computed, effect, signal, untracked } from '@preact/signals';
import { type ApiError, UNREACHABLE } from '../api/client.ts';
import { clock, startClock } from './clock.ts';
import { fleet, graph, overview, services, status, timeline } from './data.ts';
import { signedIn } from './session.ts';

/** Seconds between tries after a server that does not answer. */
const WAITS = [2, 4, 8, 15, 30];

const all = [services, graph, timeline, overview, fleet] as const;

/** The server does not answer at all. */
export const unreachable = computed(() => all.some(({ error }) => error.value?.code === UNREACHABLE));

/** Seconds until the next try; undefined while there is nothing to wait for. */
export const retryIn = signal<number | undefined>(undefined);

/** What the server said was wrong with the question, once: both pictures fail for the same reason. */
export const failure = computed<ApiError | undefined>(() => {
  if (unreachable.value) return undefined;
  return graph.error.value ?? timeline.error.value ?? services.error.value;
});

/** The server is there and has no profile of anything. */
export const empty = computed(() => services.value.value?.length === 0);

let attempt = 0;

export function startConnection(): void {
  startClock(
    empty,
    computed(() => unreachable.value || signedIn.value !== 'yes'),
  );
  effect(() => {
    if (!unreachable.value) {
      attempt = 0;
      retryIn.value = undefined;
      // A server that was started anew may be another version, at another address.
      if (untracked(() => status.error.value)) void status.load({});
      return;
    }
    // Again after each failed try: `pending` falls when its answer fails.
    if (all.some(({ pending }) => pending.value)) return;
    retryIn.value = WAITS[Math.min(attempt, WAITS.length - 1)];
    const timer = setInterval(() => {
      const left = (retryIn.peek() ?? 1) - 1;
      if (left > 0) retryIn.value = left;
      else retryNow();
    }, 1000);
    return () => clearInterval(timer);
  });
}

export function retryNow(): void {
  attempt++;
  retryIn.value = undefined;
  clock.tick();
}
