import type { Box } from '@everflame/profile';
import { boxLocation, boxName } from '@everflame/profile';
import { hrefOf } from '../../state/view.ts';

/** A function by name and place, with the way to its callers and callees. */
export function FunctionName({ box }: { box: Box }) {
  const place = boxLocation(box);
  return (
    <>
      <a
        class="fn-name"
        tabIndex={-1}
        title={`${boxName(box).slice(0, 500)}: callers and callees`}
        href={hrefOf({ view: 'sandwich', fn: boxName(box), focus: '', sort: '' })}
      >
        {box.function || '(no name)'}
      </a>
      {place && <span class="fn-place">{place.length > 60 ? `…${place.slice(-59)}` : place}</span>}
    </>
  );
}

/** Shares of the whole as lengths: total, and in it self. */
export function ShareBar({ total, self }: { total: number; self: number }) {
  const width = (share: number) => Math.max(0, Math.min(100, share * 100));
  return (
    <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-total" width={width(total)} height="8" />
      <rect class="bar-self" width={width(self)} height="8" />
    </svg>
  );
}
