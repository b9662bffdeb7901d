import { CPU_TIME, formatProfileType, profileType, WALL_TIME } from '@everflame/profile';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { UserError } from '../base/user-error.ts';
import type { Capture, CapturedWindow } from '../control/captures.ts';
import type { Condition } from '../control/condition.ts';
import type { Control } from '../control/control.ts';
import { CAPTURE_TYPES, type CaptureType, MAX_CAPTURE_SECONDS, MAX_HZ } from '../control/control-answer.ts';
import { parseSelector } from '../query/selector.ts';

const ms = z.number().describe('Unix time in ms');
const query = z
  .string()
  .max(10_000)
  .describe('service{label="value",other!="x"}: = and != only; what has the label instance is one process');

const instanceAnswer = z.object({
  instance: z.string().describe('What the agent calls this process: random'),
  service: z.string(),
  labels: z.record(z.string(), z.string()),
  captures: z.array(z.enum(CAPTURE_TYPES)).describe('What can be captured of it'),
  firstSeen: ms,
  lastSeen: ms,
  windowSeconds: z.number().nullable().describe('Of its last push'),
  rate: z.number().nullable().describe('Samples per second in its last push'),
  samples: z.number().describe('Distinct stacks in its last push'),
});

const captureQuestion = z.strictObject({
  query: query.optional(),
  service: z.string().min(1).max(200).optional().describe('In place of query'),
  instance: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .describe('Which process: its instance in /api/v1/instances, or its label instance'),
  type: z.enum(CAPTURE_TYPES).default('cpu'),
  hz: z
    .number()
    .min(1)
    .max(MAX_HZ)
    .optional()
    .describe('cpu: 1000 where it is left out, wall: 100; not for heap'),
  seconds: z.number().min(1).max(MAX_CAPTURE_SECONDS).default(30),
});

const captureAnswer = z.object({
  id: z.string(),
  state: z
    .enum(['waiting', 'sent', 'delivered', 'refused', 'expired'])
    .describe('waiting for the next push of the process, sent to it, and how it ended'),
  service: z.string(),
  labels: z.record(z.string(), z.string()),
  instance: z.string(),
  type: z.enum(CAPTURE_TYPES),
  hz: z.number().nullable(),
  seconds: z.number(),
  askedAt: ms,
  sentAt: ms.nullable(),
  expiresAt: ms.describe('When it is given up if nothing comes'),
  endedAt: ms.nullable(),
  reason: z.string().nullable().describe('Why the agent refused'),
  profile: z
    .object({
      query: z.string(),
      type: z.string(),
      from: ms,
      until: ms,
      rate: z.number().nullable().describe('Samples per second that the agent reached'),
      samples: z.number().describe('Distinct stacks'),
      path: z.string().describe('Of the page that shows exactly this profile'),
      url: z.string(),
    })
    .nullable(),
});

const DEFAULT_HZ: Readonly<Record<CaptureType, number | undefined>> = {
  cpu: 1000,
  wall: 100,
  heap: undefined,
};

/** Captures of single processes, for administrators; looking at them needs no more than reading. */
export const captureRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  const tags = ['captures'];

  app.get(
    '/api/v1/instances',
    {
      schema: {
        summary: 'Processes whose agents pushed to this server in the last 15 minutes, the latest first',
        tags,
        querystring: z.object({ query: query.default('') }),
        response: { 200: z.object({ instances: z.array(instanceAnswer) }) },
      },
    },
    async (request) => ({
      instances: control.instances(conditionsOf(request.query.query)).map((one) => ({
        ...one,
        labels: { ...one.labels },
        captures: [...one.captures],
      })),
    }),
  );

  app.post(
    '/api/v1/captures',
    {
      schema: {
        summary: 'Have one process sampled now, more closely',
        description:
          'It is told in the answer to its next push. Of several that are selected, the busiest is taken.',
        tags,
        body: captureQuestion,
        response: { 202: captureAnswer },
      },
    },
    async (request, reply) => {
      const { query, service, instance, type, hz = DEFAULT_HZ[type], seconds } = request.body;
      if ((query === undefined) === (service === undefined)) {
        throw new UserError('bad_parameter', 'Give either query or service.', { parameter: 'query' });
      }
      const match =
        service === undefined
          ? conditionsOf(query ?? '')
          : [{ label: 'service_name', operator: '=' as const, value: service }];
      const capture = control.capture(
        { match, ...(instance !== undefined && { instance }) },
        { type, seconds, ...(type !== 'heap' && hz !== undefined && { hz }) },
      );
      request.log.info(
        { capture: capture.id, service: capture.service, type, seconds },
        'a capture was asked for',
      );
      return reply.code(202).send(describe(capture, `${request.protocol}://${request.host}`));
    },
  );

  app.get(
    '/api/v1/captures/:id',
    {
      schema: {
        summary: 'How a capture goes, and the link to its profile',
        tags,
        params: z.object({ id: z.string().max(64) }),
        response: { 200: captureAnswer },
      },
    },
    async (request) => {
      const capture = control.findCapture(request.params.id);
      if (!capture) throw new UserError('unknown_capture', 'This server knows no capture of this id.');
      return describe(capture, `${request.protocol}://${request.host}`);
    },
  );
};

/** @throws UserError `bad_selector` */
function conditionsOf(text: string): Condition[] {
  const { services, labels } = parseSelector(text);
  return [...services, ...labels].map(({ label, operator, value }) => {
    if (operator === '=' || operator === '!=') return { label, operator, value };
    throw new UserError('bad_selector', 'query: takes = and != only, here.', { parameter: 'query' });
  });
}

function describe(capture: Capture, base: string): z.infer<typeof captureAnswer> {
  const { window, hz, ...rest } = capture;
  return {
    ...rest,
    labels: { ...rest.labels },
    hz: hz ?? null,
    profile: window && profileOf(capture, window, base),
  };
}

/**
 * A window belongs to the range in which it starts, and no other one of the process starts while it lasts: its label
 * `instance` and the milliseconds that it began and ended in name it, whatever else was pushed then. Where an agent has
 * no such label, all of its labels must do.
 */
function profileOf(
  { type, service, labels }: Capture,
  { startNanos, durationNanos, types, rate, samples }: CapturedWindow,
  base: string,
): z.infer<typeof captureAnswer>['profile'] {
  const { instance } = labels;
  const naming = instance === undefined ? Object.entries(labels) : [['instance', instance]];
  const selector = naming.map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`);
  const from = Number(startNanos / 1_000_000n);
  const shown = {
    query: `${service}{${selector.join(',')}}`,
    type: typeOf(type, types),
    from,
    until: Math.max(from + 1, Number((startNanos + durationNanos) / 1_000_000n)),
  };
  const path = `/?${new URLSearchParams({ query: shown.query, type: shown.type, from: String(from), until: String(shown.until) })}`;
  return { ...shown, rate: rate ?? null, samples, path, url: base + path };
}

const WANTED: Readonly<Record<CaptureType, readonly string[]>> = {
  cpu: [formatProfileType(CPU_TIME)],
  wall: [formatProfileType(WALL_TIME)],
  heap: ['inuse_space', 'alloc_space'].map((sample) =>
    formatProfileType(profileType('memory', sample, 'bytes', 'space', 'bytes')),
  ),
};

/** The type that was asked for, where the push has it under its usual name; else what it has. */
function typeOf(type: CaptureType, types: readonly string[]): string {
  return WANTED[type].find((one) => types.includes(one)) ?? types[0] ?? WANTED[type][0];
}
