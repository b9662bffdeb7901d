import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { UserError } from '../base/user-error.ts';

/** Nothing from elsewhere, nothing inline: names of functions come from anybody's programs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Refuses requests that a browser was tricked into. A page of another site can make its own name point to 127.0.0.1 and
 * then read what it likes (DNS rebinding), so a name in the Host header must be one of ours; addresses cannot be
 * rebound and pass. And a page of another site must not push. Every answer says what a browser may do with it.
 */
export function addGuard(app: FastifyInstance, allowedHosts: readonly string[]): void {
  const names = new Set([
    'localhost',
    hostname().toLowerCase(),
    ...allowedHosts.map((name) => name.toLowerCase()),
  ]);

  app.addHook('onSend', async (_request, reply) => {
    reply.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('Referrer-Policy', 'no-referrer');
  });
  app.addHook('onRequest', async (request) => {
    const host = hostOf(request.headers.host ?? '');
    const allowed = isIP(host) !== 0 || names.has(host) || host.endsWith('.localhost');
    if (!allowed) {
      throw new UserError(
        'forbidden_host',
        `This server does not go by the name ${JSON.stringify(host.slice(0, 100))}. Call it by its address, or start it with --allow-host NAME.`,
        { parameter: 'Host' },
      );
    }
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (!reads && request.headers['sec-fetch-site'] === 'cross-site') {
      throw new UserError('cross_site', 'A page of another site must not send this.', {
        parameter: 'Sec-Fetch-Site',
      });
    }
  });
}

/** `name:port`, `[::1]:port` → the name or address, in lower case. */
function hostOf(header: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(header);
  return (bracketed ? bracketed[1] : header.replace(/:\d+$/, '')).toLowerCase();
}
