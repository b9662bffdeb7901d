import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { scopeOf } from '../auth/access.ts';
import type { Metrics } from './metrics.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a question, for the metrics: flamegraph, timeline, … */
    kind?: string;
  }
}

/** Where agents ask for their settings and push nothing. */
const CONTROL_ROUTE = '/ingest/control';
/** What `format=` may say; anything else is one label value, not one for each mistake. */
const FORMATS = new Set(['pprof', 'folded', 'lines', 'nylas', 'jfr', 'speedscope', 'trie', 'tree']);

/**
 * Counts and logs every request when it is over, answered or not. The log names the path without its query string,
 * into which somebody may have written a secret.
 */
export function watchRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRequest', async (request, reply) => {
    const started = performance.now();
    const isPush =
      scopeOf(request) === 'ingest' && !request.is404 && request.routeOptions.url !== CONTROL_ROUTE;
    // Whoever decompresses the body takes the header away.
    const declared = Number(request.headers['content-length'] ?? 0);
    if (isPush) metrics.inFlightBytes.inc(declared);
    reply.raw.once('close', () => {
      const seconds = (performance.now() - started) / 1000;
      const isGone = !reply.raw.writableFinished;
      const outcome = isGone ? 'gone' : request.errorCode;
      log(request, reply, seconds, outcome);
      count(metrics, request, reply, outcome);
      const { kind } = request.routeOptions.config;
      if (kind !== undefined) {
        metrics.queries.inc({ kind, outcome: outcome ?? 'ok' });
        // What is refused at once would make everything else look quick.
        if (outcome === undefined) metrics.querySeconds.observe({ kind }, seconds);
      }
      if (!isPush) return;
      const protocol = request.routeOptions.url?.slice(1) ?? '';
      metrics.inFlightBytes.dec(declared);
      metrics.pushes.inc({ protocol, format: formatOf(request.query), outcome: outcome ?? 'stored' });
      if (outcome === undefined) metrics.pushSeconds.observe({ protocol }, seconds);
      const read = lengthOf(request.body);
      if (read > 0) metrics.pushBytes.inc({ protocol }, declared || read);
    });
  });
}

function count(
  metrics: Metrics,
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: string | undefined,
): void {
  const route = request.routeOptions.url ?? 'none';
  metrics.requests.inc({ route, method: request.method, status: reply.statusCode });
  if (outcome !== undefined) metrics.errors.inc({ code: outcome });
  if (request.token) metrics.tokenRequests.inc({ token: request.token.name });
}

function log(
  request: FastifyRequest,
  reply: FastifyReply,
  seconds: number,
  outcome: string | undefined,
): void {
  request.log.debug(
    {
      method: request.method,
      path: request.url.split('?')[0],
      status: reply.statusCode,
      ms: Math.round(seconds * 1000),
      ...(outcome !== undefined && { code: outcome }),
      ...(request.token && { token: request.token.name }),
    },
    'request',
  );
}

function formatOf(query: unknown): string {
  const format = typeof query === 'object' && query && 'format' in query ? query.format : undefined;
  if (format === undefined || format === '') return 'unsaid';
  return typeof format === 'string' && FORMATS.has(format) ? format : 'other';
}

/** 0 where the body was not read. One that came in chunks says its length only here: decoded, which is more than gzip. */
function lengthOf(body: unknown): number {
  return body instanceof Uint8Array ? body.length : 0;
}
