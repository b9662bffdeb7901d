import type { ErrorCode } from '../base/error-codes.ts';
import { UserError } from '../base/user-error.ts';
import { StoreError } from '../store/store-error.ts';

/** The engine's errors that whoever asks can do something about, by their number. */
const KNOWN: Readonly<Record<string, { readonly code: ErrorCode; readonly sentence: string }>> = {
  159: {
    code: 'query_too_slow',
    sentence: 'It took longer than a question may. Ask for a shorter range or fewer services.',
  },
  241: {
    code: 'query_too_large',
    sentence: 'It needed more memory than a question may take. Ask for a shorter range or fewer services.',
  },
  394: { code: 'query_cancelled', sentence: 'Whoever asked has gone.' },
  427: { code: 'bad_selector', sentence: 'query: a regular expression does not compile (RE2 syntax):' },
};

/** Turns the engine's errors into what their cause can be told. @throws UserError */
export async function explain<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw explained(cause);
  }
}

function explained(cause: unknown): UserError {
  if (cause instanceof UserError) return cause;
  if (cause instanceof StoreError && cause.code === 'too_many_queries') {
    return new UserError('too_many_queries', cause.message, { retryAfter: 2, cause });
  }
  if (cause instanceof Error && cause.name === 'AbortError') {
    return new UserError('query_cancelled', KNOWN[394].sentence, { cause });
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  const known = KNOWN[numberOf(cause)];
  if (!known && isDamage(message)) {
    const part = /\/store\/\w+\/[\w-]+\/(\w+)\//.exec(message)?.[1] ?? 'unknown';
    return new UserError('data_damaged', `Part ${part} of the data cannot be read. Ask for another range.`, {
      cause,
    });
  }
  if (!known) return new UserError('query_failed', `The engine could not answer: ${message}`, { cause });
  const isSelector = known.code === 'bad_selector';
  return new UserError(known.code, isSelector ? `${known.sentence} ${message}` : known.sentence, {
    ...(isSelector && { parameter: 'query' }),
    cause,
  });
}

function numberOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Many numbers, according to what the damaged bytes happen to say; what they have in common is where it happened. */
function isDamage(message: string): boolean {
  return /corrupted data|Checksum doesn't match|while reading from part/i.test(message);
}
