export interface ApiError {
  readonly code: string;
  /** A sentence: what is wrong, and what to do. */
  readonly message: string;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Query parameter that the server could not use. */
  readonly parameter?: string;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiError };

export type Params = Readonly<Record<string, string | number | undefined>>;

/** No answer came at all: the server is down, or out of reach. It may come back by itself. */
export const UNREACHABLE = 'unreachable';

/** A query over a month may take seconds; past this the server is as good as gone. */
const TIMEOUT_MS = 60_000;

/**
 * One GET request to the API. Whatever goes wrong is a value; only an abort by `signal` is thrown.
 */
export function get<T>(path: string, params: Params, signal: AbortSignal): Promise<Result<T>> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== undefined) search.set(name, String(value));
  return ask(search.size > 0 ? `${path}?${search}` : path, {}, signal);
}

/** A request that changes something. */
export function send<T>(method: string, path: string, body?: unknown): Promise<Result<T>> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  return ask(path, { method, ...json }, new AbortController().signal);
}

async function ask<T>(path: string, init: RequestInit, signal: AbortSignal): Promise<Result<T>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/v1/${path}`, {
      ...init,
      headers: { accept: 'application/json', ...(init.body && { 'content-type': 'application/json' }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    text = await response.text();
  } catch (cause) {
    signal.throwIfAborted();
    const slow = cause instanceof DOMException && cause.name === 'TimeoutError';
    return slow
      ? failure(
          'timeout',
          `The server did not answer within ${TIMEOUT_MS / 1000} s. A shorter time range is quicker.`,
          0,
        )
      : failure(UNREACHABLE, 'The server does not answer.', 0);
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy in between answers in HTML when the server behind it is gone.
    if (response.status >= 502 && response.status <= 504)
      return failure(UNREACHABLE, 'The server does not answer.', 0);
    return failure(
      'unexpected_answer',
      `The server answered ${response.status} with something that is not JSON.`,
      response.status,
    );
  }
  if (response.ok) return { ok: true, value: body as T };
  return { ok: false, error: readError(body, response.status) };
}

function failure(code: string, message: string, status: number): Result<never> {
  return { ok: false, error: { code, message, status } };
}

/** The server's own words about an error, or plain ones where it had none. */
export function readError(body: unknown, status: number): ApiError {
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  return {
    code: typeof error.code === 'string' ? error.code : `http_${status}`,
    message: typeof error.message === 'string' ? error.message : `The server answered ${status}.`,
    status,
    ...(typeof error.parameter === 'string' ? { parameter: error.parameter } : {}),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
