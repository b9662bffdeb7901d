import { BroadcastChannel, getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

/**
 * `process.exit()` ends worker threads without a word to them. So the main thread tells them first, by a channel that
 * their loops listen to, and waits until those who heard have sent their last window.
 *
 * Shared numbers: how many threads listen, how many have heard, how many are done.
 */
const LISTENING = 0;
const HEARD = 1;
const DONE = 2;
/** What a thread takes to hear, ms. One that is in the middle of something does not, and is not waited for. */
const TO_HEAR_MS = 100;

const KEY = 'everflame.worker-exit';
const CHANNEL = 'everflame.worker-exit';

function shared(): Int32Array | undefined {
  const found: unknown = getEnvironmentData(KEY);
  return found instanceof SharedArrayBuffer ? new Int32Array(found) : undefined;
}

/** Once in each thread that is profiled. */
export function letWorkersFinish(stop: () => Promise<void>): void {
  if (isMainThread) {
    // Workers that are made from here on find it.
    if (shared() === undefined) setEnvironmentData(KEY, new SharedArrayBuffer(12));
    return;
  }
  const numbers = shared();
  if (numbers === undefined) return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = () => {
    Atomics.add(numbers, HEARD, 1);
    Atomics.notify(numbers, HEARD);
    const done = () => {
      Atomics.add(numbers, DONE, 1);
      Atomics.notify(numbers, DONE);
    };
    void stop().then(done, done);
  };
  (channel as unknown as { unref(): void }).unref();
  Atomics.add(numbers, LISTENING, 1);
  process.once('exit', () => {
    Atomics.sub(numbers, LISTENING, 1);
  });
}

/** In the main thread, at its exit: tell first, then do other things, then wait. */
export const waitForWorkers = {
  tell(): void {
    const numbers = shared();
    if (numbers === undefined || Atomics.load(numbers, LISTENING) <= 0) return;
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage('exit');
    channel.close();
  },

  wait(withinMs: number): void {
    const numbers = shared();
    if (numbers === undefined) return;
    const listening = Math.max(0, Atomics.load(numbers, LISTENING));
    const end = performance.now() + withinMs;
    waitUntil(numbers, HEARD, () => listening, Math.min(end, performance.now() + TO_HEAR_MS));
    waitUntil(numbers, DONE, () => Atomics.load(numbers, HEARD), end);
  },
};

function waitUntil(numbers: Int32Array, which: number, least: () => number, end: number): void {
  for (;;) {
    const now = Atomics.load(numbers, which);
    const left = end - performance.now();
    if (now >= least() || left <= 0) return;
    Atomics.wait(numbers, which, now, left);
  }
}
