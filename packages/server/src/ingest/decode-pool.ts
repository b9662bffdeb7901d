import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { UserError } from '../base/user-error.ts';
import { type KnownNames, NO_NAMES } from '../store/known-names.ts';
import { type DecodedPush, type DecodeJob, type Decoder, runDecodeJob } from './decode-job.ts';
import { type DecodeMessage, unpack } from './decode-message.ts';
import type { DecodeWorkerData } from './decode-worker.ts';

export interface DecodePoolOptions {
  readonly workers?: number;
  /** The worker's file, built: Node 20 runs no TypeScript. */
  readonly file?: URL;
  /** Names that are in the store, so that they need not leave the worker. */
  readonly known?: KnownNames;
  /** What a worker may take of JavaScript's heap, MB. */
  readonly heapMb?: number;
}

interface Task {
  readonly job: DecodeJob;
  readonly resolve: (decoded: DecodedPush) => void;
  readonly reject: (error: unknown) => void;
}

interface Slot {
  readonly worker: Worker;
  /** In the order in which they are answered. */
  readonly tasks: Task[];
}

/** A body this short is decoded sooner than it is sent to another thread: 2 KB of gzip are at most 2 MB. */
const INLINE_BYTES = 2 << 10;
/** Bodies that a worker is given at once: it goes on while this thread is busy. */
const AT_ONCE = 3;
/** A body that needs more is refused, and the server goes on. */
const HEAP_MB = 512;

/**
 * Decodes bodies in threads of their own, so that two cores do twice the work and the server answers meanwhile. Threads
 * are started when there is work for them; one that dies is replaced, and its pushes told to come again.
 */
export class DecodePool implements Decoder {
  readonly #options: Required<Pick<DecodePoolOptions, 'workers' | 'file' | 'heapMb'>>;
  readonly #known: KnownNames | undefined;
  readonly #slots = new Set<Slot>();
  readonly #waiting: Task[] = [];
  #closed = false;

  constructor({ workers, file, known, heapMb = HEAP_MB }: DecodePoolOptions = {}) {
    this.#options = {
      workers: workers ?? Math.max(1, Math.min(4, availableParallelism())),
      file: file ?? new URL('./decode-worker.js', import.meta.url),
      heapMb,
    };
    this.#known = known;
  }

  /** Bodies that a worker has, and those that wait for one. */
  get load(): { readonly busy: number; readonly waiting: number } {
    let busy = 0;
    for (const { tasks } of this.#slots) busy += tasks.length;
    return { busy, waiting: this.#waiting.length };
  }

  async decode(job: DecodeJob): Promise<DecodedPush> {
    if (job.body.length < INLINE_BYTES) return runDecodeJob(job, this.#known ?? NO_NAMES);
    if (this.#closed) throw stopping();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(stopping());
    await Promise.all([...this.#slots].map(({ worker }) => worker.terminate()));
  }

  #next(): void {
    const task = this.#waiting[0];
    if (!task || this.#closed) return;
    const slot = this.#freeSlot();
    if (!slot) return;
    this.#waiting.shift();
    slot.tasks.push(task);
    slot.worker.ref();
    slot.worker.postMessage(task.job, transferable(task.job.body));
  }

  /** The one with the least to do; a new one rather than one that is busy. */
  #freeSlot(): Slot | undefined {
    let least: Slot | undefined;
    for (const slot of this.#slots) if (!least || slot.tasks.length < least.tasks.length) least = slot;
    if (least?.tasks.length === 0) return least;
    if (this.#slots.size < this.#options.workers) return this.#start();
    return least && least.tasks.length < AT_ONCE ? least : undefined;
  }

  #start(): Slot {
    const workerData: DecodeWorkerData = { known: this.#known?.shared };
    const worker = new Worker(this.#options.file, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: this.#options.heapMb },
      execArgv: [],
    });
    const slot: Slot = { worker, tasks: [] };
    this.#slots.add(slot);
    worker.on('message', (message: DecodeMessage) => {
      const task = slot.tasks.shift();
      if (slot.tasks.length === 0) worker.unref();
      try {
        task?.resolve(unpack(message));
      } catch (error) {
        task?.reject(error);
      }
      this.#next();
    });
    worker.on('error', (error: Error) => this.#lose(slot, error));
    worker.on('exit', () => this.#lose(slot, undefined));
    return slot;
  }

  /** A worker is gone: what it had is answered, and another one starts with the next body. */
  #lose(slot: Slot, cause: Error | undefined): void {
    this.#slots.delete(slot);
    const [first, ...others] = slot.tasks.splice(0);
    first?.reject(this.#closed ? stopping() : reasonOf(cause));
    for (const { reject } of others) reject(this.#closed ? stopping() : lost(cause));
    this.#next();
  }
}

/** What the body at which a worker died is answered with. */
function reasonOf(cause: Error | undefined): UserError {
  if (!cause || !('code' in cause) || cause.code !== 'ERR_WORKER_OUT_OF_MEMORY') return lost(cause);
  return new UserError('too_large', 'The profile takes more memory to decode than this server gives it.', {
    cause,
  });
}

function lost(cause: Error | undefined): UserError {
  return new UserError('store_failed', 'Decoding ended unexpectedly. Send it again.', {
    retryAfter: 2,
    cause,
  });
}

/**
 * A body that has a buffer to itself, or nearly, is handed over; a small one lies in a pool of the runtime, which
 * cannot be.
 */
function transferable({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  const isOwn = buffer.byteLength > Buffer.poolSize && buffer.byteLength - byteLength < 4096;
  return buffer instanceof ArrayBuffer && isOwn ? [buffer] : [];
}

function stopping(): UserError {
  return new UserError('closing', 'The server is shutting down. Send it again in a moment.', {
    retryAfter: 5,
  });
}
