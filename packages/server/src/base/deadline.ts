/**
 * Runs `work` with a signal that aborts after `ms`, or with `signal`. Not AbortSignal.any over AbortSignal.timeout: in
 * Node 20 the collector of garbage takes the timeout, and it never fires.
 *
 * @throws whatever `work` throws; a DOMException named TimeoutError where the time ran out
 */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), ms);
  const stop = () => controller.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
