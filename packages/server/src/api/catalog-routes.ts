import { isLabelName, parseProfileType } from '@everflame/profile';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { UserError } from '../base/user-error.ts';
import { parseMeasure } from '../query/measure.ts';
import type { Query } from '../query/query.ts';
import { parseSelector } from '../query/selector.ts';
import { parseTimeRange, type TimeRange } from '../query/time-range.ts';
import { goneSignal } from './gone-signal.ts';
import {
  labelsAnswer,
  overviewAnswer,
  overviewQuery,
  range,
  selection,
  servicesAnswer,
  typesAnswer,
  valuesAnswer,
} from './schemas.ts';

/** What there is: services, types, labels. Without a time range: ever. */
export const catalogRoutes: FastifyPluginAsyncZod<{ query: Query }> = async (app, { query }) => {
  const tags = ['catalog'];

  app.get(
    '/api/v1/services',
    {
      config: { kind: 'services' },
      schema: { summary: 'Services', tags, querystring: range, response: { 200: servicesAnswer } },
    },
    async (request) => {
      const services = await query.services(optionalRange(request.query));
      return {
        services: services.map((one) => ({
          ...one,
          types: [...one.types],
          labels: Object.fromEntries(Object.entries(one.labels).map(([name, values]) => [name, [...values]])),
        })),
      };
    },
  );

  app.get(
    '/api/v1/overview',
    {
      config: { kind: 'overview' },
      schema: {
        summary: 'All services: what each did, and a day before',
        tags,
        querystring: overviewQuery,
        response: { 200: overviewAnswer },
      },
    },
    async (request, reply) => {
      const { type, from, until, points } = request.query;
      const measure = parseMeasure(type);
      const asked = parseTimeRange(from, until);
      const asking = query.within(goneSignal(reply));
      const [services, { services: activity, ...buckets }] = await Promise.all([
        asking.services(),
        asking.overview(measure, asked, points),
      ]);
      return {
        type: measure.type,
        unit: measure.unit,
        kind: measure.kind,
        ...asked,
        ...buckets,
        services: services.map(({ service, types, lastSeen, labels }) => {
          const { values = [], average = null, before = null } = activity.get(service) ?? {};
          return {
            service,
            types: [...types],
            lastSeen,
            labels: Object.fromEntries(Object.entries(labels).map(([name, all]) => [name, [...all]])),
            values: [...values],
            average,
            before,
          };
        }),
      };
    },
  );

  app.get(
    '/api/v1/types',
    {
      config: { kind: 'types' },
      schema: {
        summary: 'Profile types',
        tags,
        querystring: selection.omit({ type: true }),
        response: { 200: typesAnswer },
      },
    },
    async (request) => {
      const types = await query.types(parseSelector(request.query.query), optionalRange(request.query));
      return {
        types: types.map(({ type, kind }) => ({
          type,
          unit: parseProfileType(type)?.sampleUnit ?? '',
          kind,
        })),
      };
    },
  );

  app.get(
    '/api/v1/labels',
    {
      config: { kind: 'labels' },
      schema: { summary: 'Names of labels', tags, querystring: selection, response: { 200: labelsAnswer } },
    },
    async (request) => {
      const { query: selector, type } = request.query;
      return {
        labels: await query.labelNames(
          parseSelector(selector),
          storedType(type),
          optionalRange(request.query),
        ),
      };
    },
  );

  app.get(
    '/api/v1/labels/:name/values',
    {
      config: { kind: 'label_values' },
      schema: {
        summary: 'Values of a label',
        tags,
        params: z.object({ name: z.string() }),
        querystring: selection,
        response: { 200: valuesAnswer },
      },
    },
    async (request) => {
      const { name } = request.params;
      if (!isLabelName(name)) {
        throw new UserError(
          'bad_parameter',
          `name: ${JSON.stringify(name.slice(0, 100))} is no label name.`,
          {
            parameter: 'name',
          },
        );
      }
      const { query: selector, type } = request.query;
      const chosen = parseSelector(selector);
      const optional = optionalRange(request.query);
      if (name === 'service_name') {
        // The service is no label in the store, but it is one for whoever asks.
        const types = await query.services(optional);
        return { values: types.map(({ service }) => service) };
      }
      return { values: await query.labelValues(chosen, storedType(type), name, optional) };
    },
  );
};

function storedType(type: string | undefined): string | undefined {
  return type === undefined ? undefined : parseMeasure(type).stored;
}

function optionalRange({
  from,
  until,
}: {
  from?: string | undefined;
  until?: string | undefined;
}): TimeRange | undefined {
  if (from === undefined && until === undefined) return undefined;
  return parseTimeRange(from ?? '0', until);
}
