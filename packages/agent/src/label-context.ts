import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { LabelState } from './label-state.ts';

/** How samples of a running profiler come to carry a state. */
export interface Bridge {
  run<T>(state: LabelState, call: () => T): T;
  /** From here to the end of what runs now, and of all that it begins. */
  enter(state: LabelState): void;
}

/**
 * The labels that hold where the program is now. They follow the work through callbacks, timers and promises as
 * `AsyncLocalStorage` does; the bridge, if there is one, makes the profiler see them.
 */
export class LabelContext {
  readonly #storage = new AsyncLocalStorage<LabelState>();
  #bridge: Bridge | undefined;

  /** Nothing is labelled without a bridge: then labels cost nothing. */
  set bridge(bridge: Bridge | undefined) {
    this.#bridge = bridge;
  }

  get isActive(): boolean {
    return this.#bridge !== undefined;
  }

  get current(): LabelState {
    return this.#storage.getStore() ?? LabelState.NONE;
  }

  run<T>(state: LabelState, call: () => T): T {
    const bridge = this.#bridge;
    if (bridge === undefined) return call();
    return this.#storage.run(state, () => bridge.run(state, call));
  }

  enter(state: LabelState): void {
    if (this.#bridge === undefined) return;
    this.#storage.enterWith(state);
    this.#bridge.enter(state);
  }
}

/** What a profiler without AsyncContextFrame has: one context for all samples, until the next is set. */
interface ContextSlot {
  context: unknown;
}

/**
 * The bridge without AsyncContextFrame: the slot is set whenever Node enters a callback. It watches every asynchronous
 * operation of the program, which costs; so it is there only where it was asked for.
 */
export class HookBridge implements Bridge {
  readonly #slot: ContextSlot;
  readonly #hook;

  constructor(slot: ContextSlot, labels: LabelContext) {
    this.#slot = slot;
    const follow = () => {
      slot.context = labels.current;
    };
    const leave = () => {
      slot.context = LabelState.NONE;
    };
    this.#hook = createHook({ before: follow, after: leave }).enable();
  }

  run<T>(state: LabelState, call: () => T): T {
    const before = this.#slot.context;
    this.#slot.context = state;
    try {
      return call();
    } finally {
      this.#slot.context = before;
    }
  }

  enter(state: LabelState): void {
    this.#slot.context = state;
  }

  close(): void {
    this.#hook.disable();
  }
}
