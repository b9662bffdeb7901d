const SIGNAL = 'SIGTERM';

/**
 * SIGTERM is how programs are ended in production, and one that does not handle it dies without a word: its last window
 * would be lost. So where the program has no handler there is one of ours, which hands over the window and then dies of
 * the same signal. It goes as soon as the program sets a handler, and comes back when the last of them is gone: whoever
 * counts handlers, or gives way to others, finds what would be there without us.
 *
 * `finish` blocks, two seconds at most. Answers with how to stop.
 */
export function beforeTermination(finish: () => void): () => void {
  // The first process of a container does not die of a signal that it does not handle.
  if (process.platform === 'win32' || process.pid === 1) return () => {};
  const die = () => {
    end();
    try {
      finish();
    } finally {
      process.kill(process.pid, SIGNAL);
    }
  };
  const added = (event: string | symbol, listener: unknown) => {
    // Not at once: it is not there yet, and Node stops listening to a signal when its last handler goes.
    if (event === SIGNAL && listener !== die) process.nextTick(giveWay);
  };
  const giveWay = () => {
    if (process.listenerCount(SIGNAL) > 1) process.removeListener(SIGNAL, die);
  };
  const removed = (event: string | symbol, listener: unknown) => {
    if (event === SIGNAL && listener !== die) arm();
  };
  const arm = () => {
    if (process.listenerCount(SIGNAL) === 0) process.on(SIGNAL, die);
  };
  const end = () => {
    process.removeListener('newListener', added);
    process.removeListener('removeListener', removed);
    process.removeListener(SIGNAL, die);
  };
  arm();
  process.on('newListener', added);
  process.on('removeListener', removed);
  return end;
}
