import type { ProgramName } from './condition.ts';
import { CAPTURE_TYPES, type CaptureType } from './control-answer.ts';

/** What is heard from a process with each push, or each question for its settings. */
export interface Heard extends ProgramName {
  /** Everflame-Instance: random per process. */
  readonly instance: string;
  /** What the agent says it can capture; undefined: it does not say. */
  readonly captures: readonly CaptureType[] | undefined;
  /** Of a push. */
  readonly window?: {
    readonly startNanos: bigint;
    readonly durationNanos: bigint;
    /** Samples per second in force; undefined: the agent does not say. */
    readonly rate: number | undefined;
    /** Distinct (stack, value) pairs. */
    readonly samples: number;
  };
}

/** A process that pushes. */
export interface Instance extends ProgramName {
  readonly instance: string;
  readonly captures: readonly CaptureType[];
  /** Unix ms, by the clock of the server. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Of the last push; null where none has come (yet). */
  readonly windowSeconds: number | null;
  readonly rate: number | null;
  readonly samples: number;
}

/** Agents ask or push once a minute at least where they are told to, and once in 6 minutes at most otherwise. */
const FORGET_AFTER_MS = 15 * 60_000;
const MAX_INSTANCES = 10_000;
/** Characters of names, labels and values of all: the rest of an instance is small beside the bound on their number. */
const MAX_CHARACTERS = 16 << 20;

/** The processes that pushed to this server lately, in bounded memory: who has been silent the longest goes first. */
export class Instances {
  readonly #now: () => number;
  readonly #max: { readonly instances: number; readonly characters: number };
  /** In order of `lastSeen`, the latest last. */
  readonly #known = new Map<string, Instance & { readonly size: number }>();
  #characters = 0;

  constructor(now: () => number = Date.now, max = { instances: MAX_INSTANCES, characters: MAX_CHARACTERS }) {
    this.#now = now;
    this.#max = max;
  }

  heard({ instance, service, labels, captures = CAPTURE_TYPES, window }: Heard): Instance {
    const before = this.#known.get(instance);
    const size = sizeOf(instance, service, labels);
    const entry = {
      instance,
      service,
      labels,
      captures,
      size,
      firstSeen: before?.firstSeen ?? this.#now(),
      lastSeen: this.#now(),
      windowSeconds: window ? Number(window.durationNanos) / 1e9 : (before?.windowSeconds ?? null),
      rate: window ? (window.rate ?? null) : (before?.rate ?? null),
      samples: window ? window.samples : (before?.samples ?? 0),
    };
    this.#forget(instance);
    this.#known.set(instance, entry);
    this.#characters += size;
    this.#makeRoom();
    return entry;
  }

  /** Those heard of lately, the latest first. */
  list(): Instance[] {
    this.#makeRoom();
    return [...this.#known.values()].reverse();
  }

  find(instance: string): Instance | undefined {
    this.#makeRoom();
    return this.#known.get(instance);
  }

  #makeRoom(): void {
    const silent = this.#now() - FORGET_AFTER_MS;
    for (const [instance, { lastSeen }] of this.#known) {
      const isTooMuch =
        this.#known.size > this.#max.instances ||
        this.#characters > this.#max.characters ||
        lastSeen < silent;
      if (!isTooMuch) return;
      this.#forget(instance);
    }
  }

  #forget(instance: string): void {
    const known = this.#known.get(instance);
    if (!known) return;
    this.#characters -= known.size;
    this.#known.delete(instance);
  }
}

function sizeOf(instance: string, service: string, labels: Readonly<Record<string, string>>): number {
  return Object.entries(labels).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    instance.length + service.length,
  );
}
