import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { statusAnswer, targetsAnswer } from './schemas.ts';
import type { ServerFacts, TargetSource } from './server-facts.ts';

/** What the server says of itself. */
export const serverRoutes: FastifyPluginAsyncZod<{ facts: ServerFacts; targets: TargetSource }> = async (
  app,
  { facts, targets },
) => {
  const tags = ['server'];

  app.get(
    '/api/v1/status',
    { schema: { summary: 'Facts', tags, response: { 200: statusAnswer } } },
    async (request) => ({
      ...facts,
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
      schema: {
        summary: 'Is the process alive',
        tags,
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  );
};
