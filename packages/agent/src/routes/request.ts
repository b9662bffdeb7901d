import type { RequestLabels } from '../label-state.ts';

/** Where the labels of a request are kept: in itself. A WeakMap of all requests makes garbage collection slow. */
const LABELS = Symbol('everflame.labels');

/** The labels of a request (`http.IncomingMessage`), if it came in while labels were followed. */
export function labelsOfRequest(request: unknown): RequestLabels | undefined {
  return typeof request === 'object' && request !== null
    ? (request as { readonly [LABELS]?: RequestLabels })[LABELS]
    : undefined;
}

export function labelRequest(request: object, labels: RequestLabels): void {
  (request as { [LABELS]?: RequestLabels })[LABELS] = labels;
}
