import { randomBytes } from 'node:crypto';
import type { CaptureOrder, CaptureType } from './control-answer.ts';
import type { Instance } from './instances.ts';

/**
 * - `waiting`: the instance has not asked since;
 * - `sent`: it was in an answer to it;
 * - `delivered`: its profile is stored;
 * - `refused`: the agent says that it cannot;
 * - `expired`: nothing came in time.
 */
export type CaptureState = 'waiting' | 'sent' | 'delivered' | 'refused' | 'expired';

export interface CaptureRequest {
  readonly type: CaptureType;
  readonly hz?: number;
  readonly seconds: number;
}

/** The push that answered a capture. */
export interface CapturedWindow {
  /** Unix time in ns. */
  readonly startNanos: bigint;
  readonly durationNanos: bigint;
  /** Profile types in it. */
  readonly types: readonly string[];
  readonly rate: number | undefined;
  readonly samples: number;
}

/** One capture. Times are unix ms. */
export interface Capture extends CaptureRequest {
  readonly id: string;
  readonly state: CaptureState;
  readonly instance: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly askedAt: number;
  readonly sentAt: number | null;
  /** When it is given up if nothing comes. */
  readonly expiresAt: number;
  readonly endedAt: number | null;
  /** Why the agent cannot. */
  readonly reason: string | null;
  readonly window: CapturedWindow | null;
}

/** Captures that are remembered, with those that are over. */
const MAX_CAPTURES = 1000;
const SEND_WITHIN_MS = 120_000;
const DELIVER_WITHIN_MS = 60_000;

/** Captures that were asked of this server, in memory: one that is restarted has forgotten them. */
export class Captures {
  readonly #now: () => number;
  readonly #captures = new Map<string, Capture>();
  /** Instance → id: each push asks for it. */
  readonly #underWay = new Map<string, string>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Asks an instance for one. The instance must have none under way. */
  ask({ instance, service, labels, windowSeconds }: Instance, request: CaptureRequest): Capture {
    const askedAt = this.#now();
    const capture: Capture = {
      ...request,
      id: randomBytes(8).toString('hex'),
      state: 'waiting',
      instance,
      service,
      labels,
      askedAt,
      sentAt: null,
      expiresAt: askedAt + Math.max(SEND_WITHIN_MS, 3000 * (windowSeconds ?? 0)),
      endedAt: null,
      reason: null,
      window: null,
    };
    this.#captures.set(capture.id, capture);
    this.#underWay.set(instance, capture.id);
    for (const oldest of this.#captures.keys()) {
      if (this.#captures.size <= MAX_CAPTURES) break;
      this.#captures.delete(oldest);
    }
    return capture;
  }

  find(id: string): Capture | undefined {
    const capture = this.#captures.get(id);
    if (!capture || !isUnderWay(capture) || this.#now() < capture.expiresAt) return capture;
    return this.#change(capture, { state: 'expired', endedAt: capture.expiresAt });
  }

  underWay(instance: string): Capture | undefined {
    const id = this.#underWay.get(instance);
    const capture = id === undefined ? undefined : this.find(id);
    if (capture && isUnderWay(capture)) return capture;
    this.#underWay.delete(instance);
    return undefined;
  }

  countUnderWay(): number {
    for (const instance of [...this.#underWay.keys()]) this.underWay(instance);
    return this.#underWay.size;
  }

  /** What to tell an instance that has just been heard. */
  orderFor({ instance, windowSeconds }: Instance): CaptureOrder | undefined {
    const capture = this.underWay(instance);
    if (!capture) return undefined;
    const { id, type, hz, seconds } = capture;
    if (capture.state === 'waiting') {
      const sentAt = this.#now();
      const patience = Math.max(DELIVER_WITHIN_MS, 2000 * (windowSeconds ?? 0));
      this.#change(capture, { state: 'sent', sentAt, expiresAt: sentAt + seconds * 1000 + patience });
    }
    return { id, type, ...(hz !== undefined && { hz }), seconds };
  }

  /** A push that answers one; late is better than never. A capture of another instance is not its to answer. */
  deliver(id: string, instance: string, window: CapturedWindow): void {
    const capture = this.find(id);
    if (!capture || capture.instance !== instance || capture.state === 'delivered') return;
    this.#change(capture, { state: 'delivered', endedAt: this.#now(), window });
  }

  refuse(id: string, instance: string, reason: string): void {
    const capture = this.find(id);
    if (!capture || capture.instance !== instance || !isUnderWay(capture)) return;
    this.#change(capture, { state: 'refused', endedAt: this.#now(), reason });
  }

  #change(capture: Capture, change: Partial<Capture>): Capture {
    const changed = { ...capture, ...change };
    this.#captures.set(capture.id, changed);
    return changed;
  }
}

function isUnderWay({ state }: Capture): boolean {
  return state === 'waiting' || state === 'sent';
}
