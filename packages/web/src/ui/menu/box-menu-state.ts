import type { Box, FlameGraph } from '@everflame/profile';
import { signal } from '@preact/signals';

/** A box of which one asked what can be done with it, and where on the window. */
export interface BoxMenuRequest {
  readonly box: Box;
  /** Its node, where it is one place of a graph and not a function. */
  readonly node?: number;
  readonly graph?: FlameGraph;
  readonly x: number;
  readonly y: number;
}

export const boxMenu = signal<BoxMenuRequest | undefined>(undefined);

export function openBoxMenu(request: BoxMenuRequest): void {
  boxMenu.value = request;
}
