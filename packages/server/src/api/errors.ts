import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { ErrorCode } from '../base/error-codes.ts';
import { errorBody, UserError } from '../base/user-error.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the error that was answered, for the log and the metrics. */
    errorCode: ErrorCode | undefined;
  }
}

/** Every error is answered as JSON with a code; what the user did not cause goes to the log, not to the user. */
export function addErrorHandling(app: FastifyInstance): void {
  app.decorateRequest('errorCode', undefined);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0];
    const error = new UserError(
      'not_found',
      `There is no ${request.method} ${path.slice(0, 200)} here. See /openapi.json.`,
    );
    request.errorCode = error.code;
    return reply.code(error.status).send(errorBody(error));
  });
}

/** Also for what fails before there is a route (a URL that cannot be read). */
export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toUserError(error);
  const { code } = known;
  request.errorCode = code;
  if (code === 'internal') request.log.error({ code, err: error }, 'request failed');
  // A full disk is said once, not for each push: the log may lie on the same one.
  else if (known.status >= 500 && code !== 'disk_full') request.log.warn({ code, err: error }, known.message);
  // Not Basic beside it: browsers would ask for a password in a window of their own.
  if (code === 'unauthorized') reply.header('WWW-Authenticate', 'Bearer realm="Everflame"');
  if (known.retryAfter !== undefined) reply.header('Retry-After', String(known.retryAfter));
  return reply.code(known.status).send(errorBody(known));
}

function toUserError(error: FastifyError): UserError {
  if (error instanceof UserError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation;
    const parameter = first.instancePath.replace(/^\//, '').replaceAll('/', '.');
    const what = parameter
      ? `${parameter}: ${first.message ?? 'does not fit'}`
      : (first.message ?? 'does not fit');
    return new UserError(
      'bad_parameter',
      `${what}.`,
      parameter ? { parameter, cause: error } : { cause: error },
    );
  }
  if (error.code === 'FST_ERR_BAD_URL') {
    return new UserError(
      'bad_parameter',
      'The URL is not encoded as it should be: % needs two hexadecimal digits.',
      {
        parameter: 'url',
        cause: error,
      },
    );
  }
  const status = error.statusCode ?? 500;
  if (status === 413)
    return new UserError('too_large', 'The body is larger than this server takes.', { cause: error });
  if (status === 404) return new UserError('not_found', error.message, { cause: error });
  if (status >= 400 && status < 500) return new UserError('bad_body', `${error.message}.`, { cause: error });
  return new UserError('internal', 'The server failed at this request. Its log says why.', { cause: error });
}
