/** The work took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Runs `work` with a signal that aborts when `parent` does, or after `ms`.
 *
 * Not `AbortSignal.any([parent, AbortSignal.timeout(ms)])`: what it joins is held weakly in Node 20 and 22, and once
 * the garbage collector has been by, the timeout never comes (https://github.com/nodejs/node/issues/57736). A target
 * that does not answer would then hold its loop for ever.
 */
export async function withDeadline<T>(
  ms: number,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(parent.reason);
  const timer = setTimeout(() => controller.abort(new DeadlineError(`took more than ${ms / 1000} s`)), ms);
  parent.addEventListener('abort', abort);
  if (parent.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener('abort', abort);
  }
}
