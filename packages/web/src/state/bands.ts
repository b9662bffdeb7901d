import { signal } from '@preact/signals';

/** A stretch of the timeline that the page speaks of: one side of a comparison. Unix ms. */
export interface Band {
  readonly kind: 'before' | 'now';
  readonly from: number;
  readonly until: number;
}

export const bands = signal<readonly Band[]>([]);
