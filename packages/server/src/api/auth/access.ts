import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UserError } from '../../base/user-error.ts';
import { cookieOf, secretOf } from './credentials.ts';
import { SESSION_COOKIE, type Sessions } from './sessions.ts';
import { allows, type Scope } from './token.ts';
import type { KnownToken, TokenList } from './token-list.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a token must be good for to come here; `open`: nothing is asked. See `scopeOf` for where it is left out. */
    scope?: Scope | 'open';
  }
  interface FastifyRequest {
    /** Who asks, where tokens are needed. */
    token: KnownToken | undefined;
  }
}

/** Routes of other rooms, which do not know of scopes. */
const SCOPES_OF_ROUTES: Readonly<Record<string, Scope>> = {
  'POST /ingest': 'ingest',
  'POST /ingest/control': 'ingest',
};

/**
 * Lets in who has a token for what is asked, before a byte of the body is read. A route that says nothing of itself
 * needs `read` to be read and `admin` for anything else: one that is forgotten is closed, not open.
 */
export function addAccess(app: FastifyInstance, tokens: TokenList, sessions: Sessions): void {
  app.decorateRequest('token', undefined);
  app.addHook('onRequest', async (request) => {
    const scope = scopeOf(request);
    if (tokens.isEmpty || scope === 'open') return;
    request.token = authenticate(request, tokens, sessions, scope);
    const wait = request.token.bucket?.take() ?? 0;
    if (wait > 0) {
      throw new UserError('rate_limited', `The token ${request.token.name} is used more often than it may.`, {
        retryAfter: Math.ceil(wait),
      });
    }
  });
}

export function scopeOf({ method, routeOptions }: FastifyRequest): Scope | 'open' {
  const reads = method === 'GET' || method === 'HEAD';
  return (
    routeOptions.config.scope ??
    SCOPES_OF_ROUTES[`${method} ${routeOptions.url}`] ??
    (reads ? 'read' : 'admin')
  );
}

function authenticate(
  { headers }: FastifyRequest,
  tokens: TokenList,
  sessions: Sessions,
  scope: Scope,
): KnownToken {
  const secret = secretOf(headers.authorization);
  const token = secret === undefined ? undefined : tokens.find(secret);
  if (token) {
    if (allows(token, scope)) return token;
    throw new UserError(
      'forbidden',
      `The token ${token.name} is for ${token.scopes.join(' and ')}; this needs one for ${scope}.`,
      { parameter: 'Authorization' },
    );
  }
  // Also where the header holds what is no token of ours: a proxy in front may want a password of its own.
  const session = cookieOf(headers.cookie, SESSION_COOKIE);
  const signedIn = sessions.find(session);
  if (signedIn && scope === 'read') return signedIn;
  if (signedIn) throw new UserError('forbidden', `A session reads; this needs a token for ${scope}.`);
  if (headers.authorization !== undefined) throw unauthorized('The server does not know this token.');
  if (session !== undefined) throw unauthorized('The session is over. Sign in again.');
  throw unauthorized(
    `This server wants a token for ${scope}. Send it as Authorization: Bearer TOKEN, or sign in on the page.`,
  );
}

function unauthorized(message: string): UserError {
  return new UserError('unauthorized', message, { parameter: 'Authorization' });
}
