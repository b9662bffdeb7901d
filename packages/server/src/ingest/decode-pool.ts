import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { isGzip } from '@everflame/profile';
import { UserError } from '../base/user-error.ts';
import { type DecodedPush, type DecodeJob, type Decoder, runDecodeJob } from './decode-job.ts';
import { type DecodeMessage, unpack } from './decode-message.ts';

export interface DecodePoolOptions {
  readonly workers?: number;
  /** The worker's file, built: Node 20 runs no TypeScript. */
  readonly file?: URL;
}

interface Task {
  readonly job: DecodeJob;
  readonly resolve: (decoded: DecodedPush) => void;
  readonly reject: (error: unknown) => void;
}

interface Slot {
  readonly worker: Worker;
  task: Task | undefined;
}

/** A body of text this short is decoded sooner than it is sent to another thread. */
const INLINE_BYTES = 8 << 10;
/** What a worker may take of JavaScript's heap, MB: a body that needs more is refused, and the server goes on. */
const HEAP_MB = 512;

/**
 * Decodes bodies in threads of their own, so that two cores do twice the work and the server answers meanwhile. Threads
 * are started when there is work for them; one that dies is replaced, and its push told to come again.
 */
export class DecodePool implements Decoder {
  readonly #size: number;
  readonly #file: URL;
  readonly #slots = new Set<Slot>();
  readonly #waiting: Task[] = [];
  #closed = false;

  constructor({ workers, file }: DecodePoolOptions = {}) {
    this.#size = workers ?? Math.max(1, Math.min(4, availableParallelism()));
    this.#file = file ?? new URL('./decode-worker.js', import.meta.url);
  }

  /** Bodies under way and waiting. */
  get load(): { readonly busy: number; readonly waiting: number } {
    const busy = [...this.#slots].filter(({ task }) => task).length;
    return { busy, waiting: this.#waiting.length };
  }

  /** The body is not to be used afterwards: it may have been handed over. */
  async decode(job: DecodeJob): Promise<DecodedPush> {
    if (job.body.length < INLINE_BYTES && !isGzip(job.body)) return runDecodeJob(job);
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
    const idle = [...this.#slots].find((slot) => !slot.task);
    const slot = idle ?? (this.#slots.size < this.#size ? this.#start() : undefined);
    if (!slot) return;
    this.#waiting.shift();
    slot.task = task;
    slot.worker.ref();
    slot.worker.postMessage(task.job, transferable(task.job.body));
  }

  #start(): Slot {
    const worker = new Worker(this.#file, {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      execArgv: [],
    });
    const slot: Slot = { worker, task: undefined };
    this.#slots.add(slot);
    worker.on('message', (message: DecodeMessage) => {
      const { task } = slot;
      slot.task = undefined;
      worker.unref();
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
    const { task } = slot;
    slot.task = undefined;
    this.#slots.delete(slot);
    const isTooLarge = cause && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
    task?.reject(
      isTooLarge
        ? new UserError('too_large', 'The profile takes more memory to decode than this server gives it.', {
            cause,
          })
        : this.#closed
          ? stopping()
          : new UserError('store_failed', 'Decoding ended unexpectedly. Send it again.', {
              retryAfter: 2,
              cause,
            }),
    );
    this.#next();
  }
}

/** A body that has a buffer to itself is handed over: a copy of 40 KB took half a millisecond. */
function transferable({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

function stopping(): UserError {
  return new UserError('closing', 'The server is shutting down. Send it again in a moment.', {
    retryAfter: 5,
  });
}
