import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { UserError } from '../base/user-error.ts';
import { cookieOf, secretOf } from './auth/credentials.ts';
import { SESSION_COOKIE, type Sessions } from './auth/sessions.ts';
import { allows } from './auth/token.ts';
import type { TokenList } from './auth/token-list.ts';

const sessionAnswer = z.object({
  needed: z.boolean().describe('Whether this server asks for tokens at all'),
  signedIn: z.boolean().describe('Whether whoever asks may read'),
});

/** Signing in and out of the page. Open: who signs in has nothing to show yet. */
export const sessionRoutes: FastifyPluginAsyncZod<{ tokens: TokenList; sessions: Sessions }> = async (
  app,
  { tokens, sessions },
) => {
  const tags = ['session'];
  const config = { scope: 'open' as const };
  const response = { 200: sessionAnswer };

  app.get('/api/v1/session', {
    config,
    schema: { summary: 'Is a token needed', tags, security: [], response },
    handler: async ({ headers }, reply) => {
      void reply.header('Cache-Control', 'no-store');
      const secret = secretOf(headers.authorization);
      const token =
        secret === undefined ? sessions.find(cookieOf(headers.cookie, SESSION_COOKIE)) : tokens.find(secret);
      const mayRead = token !== undefined && allows(token, 'read');
      return { needed: !tokens.isEmpty, signedIn: tokens.isEmpty || mayRead };
    },
  });

  app.post('/api/v1/session', {
    config,
    bodyLimit: 4096,
    schema: {
      summary: 'Sign in',
      description: 'Sets a cookie that reads, for twelve hours.',
      tags,
      security: [],
      body: z.object({ token: z.string().max(1000) }),
      response,
    },
    handler: async (request, reply) => {
      if (tokens.isEmpty) return { needed: false, signedIn: true };
      const token = tokens.find(request.body.token.trim());
      if (!token) {
        throw new UserError('unauthorized', 'The server does not know this token.', { parameter: 'token' });
      }
      if (!allows(token, 'read')) {
        throw new UserError('forbidden', 'This token pushes only. Signing in takes one for read.', {
          parameter: 'token',
        });
      }
      request.log.info({ token: token.name }, 'signed in');
      setCookie(request, reply, sessions.start(token));
      return { needed: true, signedIn: true };
    },
  });

  app.delete('/api/v1/session', {
    config,
    schema: { summary: 'Sign out', tags, security: [], response },
    handler: async (request, reply) => {
      const session = cookieOf(request.headers.cookie, SESSION_COOKIE);
      if (session !== undefined) sessions.end(session);
      setCookie(request, reply, '');
      return { needed: !tokens.isEmpty, signedIn: tokens.isEmpty };
    },
  });
};

/**
 * No lifetime: the cookie goes with the browser. Out of reach of scripts, and not sent with what other sites make a
 * browser ask. A proxy may have taken TLS off, which the browser's Origin still tells.
 */
function setCookie(request: FastifyRequest, reply: FastifyReply, value: string): void {
  const isSecure = request.protocol === 'https' || request.headers.origin?.startsWith('https://') === true;
  const ends = value === '' ? '; Max-Age=0' : '';
  const cookie = `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict${ends}`;
  void reply
    .header('Set-Cookie', isSecure ? `${cookie}; Secure` : cookie)
    .header('Cache-Control', 'no-store');
}
