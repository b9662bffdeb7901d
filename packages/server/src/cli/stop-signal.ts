/** A second signal within this time is the same ctrl-C, passed on by npm as well as by the terminal. */
const SAME_SIGNAL_MS = 1000;

/**
 * Waits for SIGINT or SIGTERM, stops, and resolves. Somebody who asks again later does not want to wait any longer.
 */
export function stopOnSignal(stop: (signal: string) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let first = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      if (first === 0) {
        first = Date.now();
        stop(signal).then(resolve, reject);
      } else if (Date.now() - first > SAME_SIGNAL_MS) {
        process.exit(1);
      }
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
