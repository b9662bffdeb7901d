import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Metrics } from './metrics/metrics.ts';
import type { Readiness } from './readiness.ts';
import { statusAnswer, targetsAnswer } from './schemas.ts';
import type { Insight, ServerFacts, TargetSource } from './server-facts.ts';

export interface ServerRoutesOptions {
  readonly facts: ServerFacts;
  readonly targets: TargetSource;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly insight: Insight;
}

const ok = z.object({ status: z.literal('ok') });

/** What the server says of itself. */
export const serverRoutes: FastifyPluginAsyncZod<ServerRoutesOptions> = async (app, options) => {
  const { facts, targets, readiness, metrics, insight } = options;
  const tags = ['server'];

  app.get(
    '/api/v1/status',
    { schema: { summary: 'Facts', tags, response: { 200: statusAnswer } } },
    async (request) => ({
      ...facts,
      // A store that is too busy to say keeps nobody from the rest.
      damagedParts: (await insight.damagedParts?.().catch(() => []))?.map((one) => ({ ...one })),
      now: Date.now(),
      // By whatever name the server was reached, agents there reach it as well.
      server: `${request.protocol}://${request.host}`,
    }),
  );

  app.get(
    '/api/v1/targets',
    { schema: { summary: 'Targets that are polled', tags, response: { 200: targetsAnswer } } },
    async () => ({ targets: targets.targets().map((one) => ({ ...one, labels: { ...one.labels } })) }),
  );

  app.get(
    '/healthz',
    {
      config: { scope: 'open' },
      schema: { summary: 'Is the process alive', tags, security: [], response: { 200: ok } },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      config: { scope: 'open' },
      schema: { summary: 'Does the store answer', tags, security: [], response: { 200: ok } },
    },
    async () => {
      await readiness.check();
      return { status: 'ok' as const };
    },
  );

  app.get(
    '/metrics',
    { schema: { summary: 'Metrics in the text format of Prometheus', tags } },
    async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
};
