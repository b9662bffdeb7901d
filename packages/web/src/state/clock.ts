import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { isLive } from './range.ts';
import { view } from './view.ts';

/** A live view asks again this often. */
const LIVE_MS = 10_000;
const SERVICES_MS = 30_000;
/** A page without any service looks for the first one this often. */
export const FIRST_SERVICE_MS = 3000;

const ticks = signal(0);
const servicesTicks = signal(0);
const visible = signal(document.visibilityState === 'visible');

document.addEventListener('visibilitychange', () => {
  visible.value = document.visibilityState === 'visible';
});

/** When to ask again: two counters that go up, one for pictures and one for the list of services. */
export const clock = {
  ticks: ticks as ReadonlySignal<number>,
  servicesTicks: servicesTicks as ReadonlySignal<number>,
  tick(): void {
    ticks.value++;
    servicesTicks.value++;
  },
};

/**
 * Runs the clock: a picture that moves with time is asked for while somebody can see it, and at once when the tab comes
 * back after a while.
 *
 * @param empty whether there is no service yet
 * @param paused whether something else (the retries after a failure) decides when to ask
 */
export function startClock(empty: ReadonlySignal<boolean>, paused: ReadonlySignal<boolean>): void {
  const live = computed(() => isLive(view.value));
  every(
    LIVE_MS,
    computed(() => visible.value && live.value && !paused.value),
    () => {
      ticks.value++;
    },
  );
  every(
    SERVICES_MS,
    computed(() => visible.value && !paused.value),
    () => {
      servicesTicks.value++;
    },
  );
  every(
    FIRST_SERVICE_MS,
    computed(() => visible.value && empty.value && !paused.value),
    () => {
      servicesTicks.value++;
    },
  );
}

function every(ms: number, on: ReadonlySignal<boolean>, act: () => void): void {
  let last = Date.now();
  effect(() => {
    if (!on.value) return;
    const run = () => {
      last = Date.now();
      act();
    };
    let timer: ReturnType<typeof setInterval> | undefined;
    const wait = setTimeout(
      () => {
        run();
        timer = setInterval(run, ms);
      },
      Math.max(0, last + ms - Date.now()),
    );
    return () => {
      clearTimeout(wait);
      clearInterval(timer);
    };
  });
}
