import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { FleetSums } from '../query/fleet-query.ts';
import { parseMeasure } from '../query/measure.ts';
import type { Query } from '../query/query.ts';
import { OWN_SERVICE } from '../query/selector.ts';
import { parseTimeRange } from '../query/time-range.ts';
import { goneSignal } from './gone-signal.ts';
import { fleetAnswer, fleetQuery } from './schemas.ts';
import type { ServerFacts } from './server-facts.ts';

/** A question for each service: past this, those that did least are left out, and counted. */
const MAX_SERVICES = 200;
/** Questions under way at once: the engine answers them one after another anyway. */
const AT_ONCE = 3;

/** Functions and modules across all services. */
export const fleetRoutes: FastifyPluginAsyncZod<{ query: Query; facts: ServerFacts }> = async (
  app,
  { query, facts },
) => {
  app.get(
    '/api/v1/fleet',
    {
      config: { kind: 'fleet' },
      schema: {
        summary: 'Functions, or modules, across all services',
        tags: ['pictures'],
        querystring: fleetQuery,
        response: { 200: fleetAnswer },
      },
    },
    async (request, reply) => {
      const { type, from, until, by, limit } = request.query;
      const measure = parseMeasure(type);
      const range = parseTimeRange(from, until);
      const asking = query.within(goneSignal(reply));
      const overview = await asking.overview(measure, range, 1);
      const active = [...overview.services]
        .filter(([service, { average }]) => service !== OWN_SERVICE && average > 0)
        .sort(([, a], [, b]) => b.average - a.average)
        .map(([service]) => service);
      const sums = new FleetSums(by === 'module');
      const waiting = active.slice(0, MAX_SERVICES).values();
      const work = async () => {
        for (const service of waiting) {
          const selector = {
            services: [{ label: 'service_name', operator: '=' as const, value: service }],
            labels: [],
          };
          const { graph, seconds } = await asking.flameGraph({ selector, measure, range, minShare: 0 });
          sums.add({ service, graph, seconds });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      const { rows, others, rest } = sums.rows(limit);
      return {
        type: measure.type,
        unit: measure.unit,
        kind: measure.kind,
        ...range,
        whole: sums.whole,
        services: active.length,
        servicesLeftOut: Math.max(0, active.length - MAX_SERVICES),
        rows: rows.map((row) => ({ ...row, top: [...row.top] })),
        others,
        rest,
        ...(facts.cost && { cost: { ...facts.cost } }),
      };
    },
  );
};
