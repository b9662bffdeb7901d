import { UserError } from '../base/user-error.ts';
import { type Capture, type CapturedWindow, type CaptureRequest, Captures } from './captures.ts';
import { type Condition, holdsFor } from './condition.ts';
import type { CaptureType, ControlAnswer } from './control-answer.ts';
import { type ControlRule, ControlRules } from './control-rules.ts';
import { type Heard, type Instance, Instances } from './instances.ts';

/** A push, or a question for settings, of an agent that listens. */
export interface AgentMessage extends Heard {
  readonly window?: NonNullable<Heard['window']> & { readonly types: readonly string[] };
  /** Everflame-Capture: the push answers this one. */
  readonly captureId?: string;
  /** Everflame-Capture-Refused: the agent cannot do this one, and why. */
  readonly refused?: { readonly id: string; readonly reason: string };
}

/** Whom to ask for a capture. */
export interface CaptureTarget {
  readonly match: readonly Condition[];
  /** Everflame-Instance, or the label `instance`. */
  readonly instance?: string;
}

/** Captures at a time, so that nobody turns a whole fleet to 1 kHz by a loop. */
const MAX_UNDER_WAY = 50;
/** An instance that has been silent for this many of its windows may be gone. */
const LIVELY_WINDOWS = 3;
const LIVELY_MS = 60_000;

/**
 * Remote control of agents without a connection of its own: what agents are told in the answers to their pushes, and
 * captures of single processes. One per server, in memory: the server that a capture was asked of must be the one that
 * the agent pushes to.
 */
export class Control {
  readonly #rules: ControlRules;
  readonly #now: () => number;
  readonly #instances: Instances;
  readonly #captures: Captures;

  constructor(rules: readonly ControlRule[] = [], now: () => number = Date.now) {
    this.#rules = new ControlRules(rules);
    this.#now = now;
    this.#instances = new Instances(now);
    this.#captures = new Captures(now);
  }

  replaceRules(rules: readonly ControlRule[]): void {
    this.#rules.replace(rules);
  }

  /** Takes note of what an agent says. @returns what to answer */
  hear(message: AgentMessage): ControlAnswer {
    const { instance, captureId, refused, window } = message;
    const known = this.#instances.heard(message);
    if (captureId !== undefined && window) this.#captures.deliver(captureId, instance, capturedOf(window));
    if (refused) this.#captures.refuse(refused.id, instance, refused.reason);
    const capture = this.#captures.orderFor(known);
    return { ...this.#rules.settingsOf(known), ...(capture && { capture }) };
  }

  /** The processes heard of lately, the latest first. */
  instances(match: readonly Condition[]): Instance[] {
    return this.#instances.list().filter((one) => holdsFor(match, one));
  }

  /** @throws UserError `no_instance`, `cannot_capture`, `capture_under_way`, `too_many_captures` */
  capture(target: CaptureTarget, request: CaptureRequest): Capture {
    const instance = this.#choose(target, request.type);
    if (this.#captures.countUnderWay() >= MAX_UNDER_WAY) {
      throw new UserError('too_many_captures', `${MAX_UNDER_WAY} captures are under way.`, {
        retryAfter: 30,
      });
    }
    return this.#captures.ask(instance, request);
  }

  findCapture(id: string): Capture | undefined {
    return this.#captures.find(id);
  }

  /** Of those that can and are lively, the busiest: the parent of a pool of workers has little to show. */
  #choose({ match, instance }: CaptureTarget, type: CaptureType): Instance {
    const named = this.instances(match).filter(
      (one) => instance === undefined || one.instance === instance || one.labels.instance === instance,
    );
    if (named.length === 0) {
      throw new UserError(
        'no_instance',
        'No process that is selected has pushed to this server in the last 15 minutes with an agent of Everflame.',
        { parameter: instance === undefined ? 'query' : 'instance' },
      );
    }
    const able = named.filter(({ captures }) => captures.includes(type));
    if (able.length === 0) {
      const all = [...new Set(named.flatMap(({ captures }) => captures))];
      throw new UserError(
        'cannot_capture',
        `None of the ${named.length} selected can capture ${type}; they can capture ${all.join(', ') || 'nothing'}.`,
        { parameter: 'type' },
      );
    }
    const free = able.filter((one) => !this.#captures.underWay(one.instance));
    if (free.length === 0) {
      throw new UserError('capture_under_way', 'Each process that is selected has a capture under way.', {
        retryAfter: 10,
      });
    }
    const lively = free.filter(({ lastSeen, windowSeconds }) => {
      const patience = Math.max(LIVELY_MS, (windowSeconds ?? 0) * 1000 * LIVELY_WINDOWS);
      return this.#now() - lastSeen < patience;
    });
    // In order of lastSeen: of several that have as much to show, the one that was heard last.
    return (lively.length > 0 ? lively : free).reduce((best, one) =>
      one.samples > best.samples ? one : best,
    );
  }
}

function capturedOf(window: NonNullable<AgentMessage['window']>): CapturedWindow {
  const { startNanos, durationNanos, types, rate, samples } = window;
  return { startNanos, durationNanos, types, rate, samples };
}
