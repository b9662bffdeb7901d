import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Stretch {
  readonly from: number;
  readonly until: number;
}

/** The server is asked when the wheel has rested for this long. */
const REST_MS = 220;
/** A page that is being scrolled is not stopped when the chart comes under the pointer. */
const SCROLL_MS = 300;
const SHORTEST_MS = 2000;

/**
 * Zooms around the pointer while the wheel turns.
 *
 * @param axis width of what is to the right of the chart, in CSS pixels
 * @returns what is looked at while nothing new has come from the server
 */
export function useWheelZoom(
  holder: RefObject<HTMLElement | null>,
  shown: Stretch,
  axis: number,
  onZoom: (from: number, until: number) => void,
): Stretch | undefined {
  const zoomed = useSignal<Stretch | undefined>(undefined);
  const latest = useRef({ shown, onZoom });
  latest.current = { shown, onZoom };
  useEffect(() => {
    zoomed.value = undefined;
  }, [shown.from, shown.until]);
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const ending = new AbortController();
    let scrolled = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wheel = (event: WheelEvent) => {
      if (event.deltaY === 0 || performance.now() - scrolled < SCROLL_MS) return;
      event.preventDefault();
      const { left, width } = element.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - left) / Math.max(1, width - axis)));
      const { from, until } = zoomed.peek() ?? latest.current.shown;
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      const factor = Math.exp(Math.max(-1, Math.min(1, event.deltaY * lines * 0.0022)));
      const length = Math.max(SHORTEST_MS, (until - from) * factor);
      const begin = from + share * (until - from - length);
      const end = Math.min(Date.now(), begin + length);
      zoomed.value = { from: end - length, until: end };
      clearTimeout(timer);
      timer = setTimeout(() => {
        const now = zoomed.peek();
        if (now) latest.current.onZoom(now.from, now.until);
      }, REST_MS);
    };
    element.addEventListener('wheel', wheel, { signal: ending.signal, passive: false });
    const onScroll = () => {
      scrolled = performance.now();
    };
    window.addEventListener('scroll', onScroll, { signal: ending.signal, passive: true });
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, []);
  return zoomed.value;
}
