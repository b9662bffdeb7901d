import { ERROR_CODES, type ErrorCode } from './error-codes.ts';

export interface UserErrorDetails {
  /** The query parameter, header or part that is wrong. */
  readonly parameter?: string;
  /** Seconds after which to try again. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** An error that is answered to who caused it: a code, and a sentence on what was wrong and what to do. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: ErrorCode;
  readonly parameter: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, details: UserErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.parameter = details.parameter;
    this.retryAfter = details.retryAfter;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

/** The shape of every error answer. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly parameter?: string };
}

export function errorBody(error: UserError): ErrorBody {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.parameter !== undefined && { parameter: error.parameter }),
    },
  };
}
