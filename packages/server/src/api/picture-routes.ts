import { encodeFlameGraph, toNylasTree, toPlainTree } from '@everflame/profile';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { parseMeasure } from '../query/measure.ts';
import type { Plan } from '../query/planner.ts';
import type { Query } from '../query/query.ts';
import { parseSelector } from '../query/selector.ts';
import { parseTimeRange } from '../query/time-range.ts';
import { goneSignal } from './gone-signal.ts';
import {
  flameGraphAnswer,
  flameGraphQuery,
  functionAnswer,
  functionQuery,
  nylasQuery,
  plainTreeAnswer,
  profilesAnswer,
  profilesQuery,
  timelineAnswer,
  timelineQuery,
} from './schemas.ts';

/** A box of a two-thousandth is half a pixel on the widest screens. */
const DEFAULT_MIN_SHARE = 1 / 2000;

/** Pictures of what is stored: timelines and flame graphs. */
export const pictureRoutes: FastifyPluginAsyncZod<{ query: Query }> = async (app, { query }) => {
  const tags = ['pictures'];

  app.get(
    '/api/v1/timeline',
    {
      config: { kind: 'timeline' },
      schema: {
        summary: 'Value over time',
        tags,
        querystring: timelineQuery,
        response: { 200: timelineAnswer },
      },
    },
    async (request, reply) => {
      const { by, points, ...asked } = request.query;
      const question = questionOf(asked);
      const { plan, ...answer } = await query.within(goneSignal(reply)).timeline({
        ...question,
        points,
        ...(by !== undefined && { by }),
      });
      const { type, unit, kind } = question.measure;
      return { query: asked.query, type, unit, kind, ...question.range, ...answer, ...sourceOf(plan) };
    },
  );

  app.get(
    '/api/v1/flamegraph',
    {
      config: { kind: 'flamegraph' },
      schema: {
        summary: 'Flame graph',
        tags,
        querystring: flameGraphQuery,
        response: { 200: z.union([flameGraphAnswer, plainTreeAnswer]) },
      },
    },
    async (request, reply) => {
      const { format, focus, min, ...asked } = request.query;
      const question = questionOf(asked);
      const minShare = min ?? (format === 'json' ? 0 : DEFAULT_MIN_SHARE);
      const answer = await query
        .within(goneSignal(reply))
        .flameGraph({ ...question, minShare, ...(focus !== undefined && { focus }) });
      const { type, unit, kind } = question.measure;
      const total = answer.graph.total[0];
      // Both answers are built here, column by column: checking every number against the schema again would cost
      // more than making them.
      reply.serializer((body: unknown) => JSON.stringify(body));
      if (format === 'json') return { type, unit, total, root: toPlainTree(answer.graph) };
      const { profiles, seconds, notes, plan } = answer;
      const graph = encodeFlameGraph(answer.graph);
      return reply.send({
        query: asked.query,
        type,
        unit,
        kind,
        ...plan.range,
        profiles,
        seconds,
        total,
        graph,
        notes,
        ...sourceOf(plan),
      });
    },
  );

  app.get(
    '/api/v1/profiles',
    {
      config: { kind: 'profiles' },
      schema: {
        summary: 'Single profiles',
        description: 'As long as single profiles are kept. A window belongs to the range in which it starts.',
        tags,
        querystring: profilesQuery,
        response: { 200: profilesAnswer },
      },
    },
    async (request, reply) => {
      const { limit, ...asked } = request.query;
      const question = questionOf(asked);
      const { rows, count, labels } = await query.within(goneSignal(reply)).windows(question, limit);
      const { type, unit, kind } = question.measure;
      return {
        query: asked.query,
        type,
        unit,
        kind,
        ...question.range,
        count,
        profiles: rows.map(({ series, ...row }) => ({ ...row, labels: { ...labels.get(series) } })),
      };
    },
  );

  app.get(
    '/api/v1/function',
    {
      config: { kind: 'function' },
      schema: {
        summary: 'Share of one function over time',
        description:
          'Of the stacks that pass through it, wherever they do. A window counts in the bucket in which it starts.',
        tags,
        querystring: functionQuery,
        response: { 200: functionAnswer },
      },
    },
    async (request, reply) => {
      const { function: name, module, by, points, ...asked } = request.query;
      const question = questionOf(asked);
      const { groups, ...buckets } = await query.within(goneSignal(reply)).functionShares({
        ...question,
        name: { function: name, module },
        points,
        ...(by !== undefined && { by }),
      });
      const { type } = question.measure;
      return {
        query: asked.query,
        type,
        ...question.range,
        ...buckets,
        groups: groups.map((group) => ({ ...group, values: [...group.values] })),
      };
    },
  );

  app.get(
    '/data',
    {
      config: { kind: 'nylas_tree' },
      schema: {
        summary: 'Tree as nylas’ visualizer served it',
        description: 'Values are in the unit of the type. Without query: every service but everflame.',
        tags,
        querystring: nylasQuery,
        response: {
          200: z.object({ name: z.string(), value: z.number(), children: z.array(z.unknown()).optional() }),
        },
      },
    },
    async (request, reply) => {
      const { threshold, ...asked } = request.query;
      const answer = await query.within(goneSignal(reply)).flameGraph({ ...questionOf(asked), minShare: 0 });
      reply.serializer((body: unknown) => JSON.stringify(body));
      return toNylasTree(answer.graph, threshold);
    },
  );
};

function sourceOf({ segments, isRounded }: Plan) {
  return { tables: [...new Set(segments.map(({ table }) => table))], rounded: isRounded };
}

interface Asked {
  readonly query: string;
  readonly type?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly span_id?: string | undefined;
  readonly trace_id?: string | undefined;
}

function questionOf({ query, type, from, until, span_id: span, trace_id: trace }: Asked) {
  return {
    selector: parseSelector(query),
    measure: parseMeasure(type),
    range: parseTimeRange(from, until),
    ...((span !== undefined || trace !== undefined) && {
      span: {
        ...(span !== undefined && { id: BigInt(`0x${span}`) }),
        ...(trace !== undefined && { trace: BigInt(`0x${trace}`) }),
      },
    }),
  };
}
