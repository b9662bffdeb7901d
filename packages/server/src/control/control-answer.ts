/** What a capture samples: CPU time, wall time, or live and allocated memory. */
export const CAPTURE_TYPES = ['cpu', 'wall', 'heap'] as const;
export type CaptureType = (typeof CAPTURE_TYPES)[number];

/** Samples per second that may be asked of an agent. */
export const MAX_HZ = 1000;
/** Seconds of one window. */
export const MAX_WINDOW = 300;
/** Seconds of one capture. */
export const MAX_CAPTURE_SECONDS = 60;

/** What an agent is set to. What is left out is left to the agent. */
export interface ControlSettings {
  readonly enabled?: boolean;
  /** Samples of CPU time per second. */
  readonly hz?: number;
  /** Seconds. */
  readonly window?: number;
}

/** A capture as the agent is told of it. */
export interface CaptureOrder {
  readonly id: string;
  readonly type: CaptureType;
  /** Not for heap. */
  readonly hz?: number;
  readonly seconds: number;
}

/** What the answer to a push says under `control`: the whole state, never a change (docs/agent-contract.md). */
export interface ControlAnswer extends ControlSettings {
  readonly capture?: CaptureOrder;
}
