import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { UserError } from '../base/user-error.ts';
import type { Control } from '../control/control.ts';
import { Admission, type Ticket } from './admission.ts';
import { agentHeaders, controlAnswer, messageOf } from './agent-control.ts';
import { decodeEncoding, FORMATS } from './decode-body.ts';
import type { Ingest, IngestRequest } from './ingest.ts';
import { parseMultipart } from './multipart.ts';
import { ownerOf } from './push-owner.ts';
import { declaredLength, readBytes, tooLarge } from './read-body.ts';
import { parseSampleTypeConfig } from './sample-type-config.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What a push was let in with. */
    ticket: Ticket | undefined;
  }
}

export interface IngestRoutesOptions {
  readonly ingest: Ingest;
  /** Bytes of one body as it comes. */
  readonly bodyLimit: number;
  /** Bytes of one body with Content-Encoding: gzip, decompressed. */
  readonly decodedLimit: number;
  /** Bytes of all pushes under way. */
  readonly inFlightLimit: number;
  /** Tells agents what to do; without it nobody does. */
  readonly control?: Control;
}

/** What a body in chunks is taken for, bytes: its length is not said. */
const UNSAID_BYTES = 1 << 20;
/** Formats that the protocol has and this server does not read; named, so that the answer can say so. */
const KNOWN_FORMATS = ['jfr', 'speedscope', 'trie', 'tree'];

const ingestQuery = z.object({
  name: z.string().describe('service{label=value,other="quoted, value"}'),
  from: z.string().optional().describe('Start of the window: unix time in s, ms, µs or ns, or now-1h'),
  until: z.string().optional().describe('End of the window; now where it is left out'),
  format: z
    .string()
    .optional()
    .describe(`${FORMATS.join(', ')}; without it text is folded and anything else pprof`),
  sampleRate: z.coerce.number().positive().max(1e6).optional().describe('Samples per second, for text; 100'),
  spyName: z.string().max(100).optional(),
  units: z.string().max(100).optional(),
  aggregationType: z.string().max(100).optional(),
});

const ingestHeaders = agentHeaders.extend({
  'everflame-protocol': z.literal('1').optional(),
  'everflame-instance': z.string().min(8).max(128).optional().describe('Random per process'),
  'everflame-sequence': z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe('0, 1, 2, … per instance'),
  'everflame-rate': z.coerce.number().min(0).optional().describe('Samples per second in force'),
  'everflame-dropped': z.coerce.number().min(0).optional().describe('Samples lost since the last push'),
  'idempotency-key': z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Names this push, so that a retry counts once'),
});

const ingestAnswer = z.object({
  status: z.literal('stored'),
  service: z.string(),
  series: z.number(),
  samples: z.number(),
  notes: z.array(z.string()),
  control: controlAnswer.optional().describe('For agents of ours; see docs/agent-contract.md'),
});

const settingsAnswer = z.object({ status: z.literal('ok'), control: controlAnswer });

/** `POST /ingest`, as Pyroscope's SDKs speak it, with Everflame's headers beside it. */
export const ingestRoutes: FastifyPluginAsyncZod<IngestRoutesOptions> = async (app, options) => {
  const admission = new Admission(options.inFlightLimit);
  app.decorateRequest('ticket', undefined);
  acceptAnyBody(app, options.bodyLimit);

  app.addHook('onRequest', async (request, reply) => {
    const declared = declaredLength(request.raw) ?? UNSAID_BYTES;
    if (declared > options.bodyLimit) throw tooLarge(options.bodyLimit);
    const ticket = admission.admit(declared, serviceOf(request.url));
    request.ticket = ticket;
    reply.raw.once('close', () => ticket.release());
    refuseUnknownEncoding(request);
  });

  app.post(
    '/ingest',
    {
      bodyLimit: options.bodyLimit,
      schema: {
        summary: 'Push a profile',
        tags: ['ingest'],
        querystring: ingestQuery,
        headers: ingestHeaders,
        response: { 200: ingestAnswer },
      },
    },
    async (request) => {
      const { query, headers } = request;
      const { isMultipart, ...body } = await partsOf(request, options.decodedLimit);
      const push: IngestRequest = {
        name: query.name,
        ...(query.from !== undefined && { from: query.from }),
        ...(query.until !== undefined && { until: query.until }),
        ...(query.sampleRate !== undefined && { sampleRate: query.sampleRate }),
        ...(query.spyName !== undefined && { spyName: query.spyName }),
        ...(query.units !== undefined && { units: query.units }),
        ...formatOf(query.format, isMultipart),
        ...body,
        claim: {
          ...(headers['everflame-instance'] !== undefined && { instance: headers['everflame-instance'] }),
          ...(headers['everflame-sequence'] !== undefined && { sequence: headers['everflame-sequence'] }),
          ...(headers['idempotency-key'] !== undefined && { key: headers['idempotency-key'] }),
          url: request.url,
          peer: request.ip,
        },
      };
      const dropped = headers['everflame-dropped'] ?? 0;
      if (dropped > 0) request.log.warn({ name: query.name, dropped }, 'the agent reports dropped samples');
      const receipt = await options.ingest.accept(push);
      const message = options.control && messageOf(headers, receipt);
      const { service, series, samples, notes } = receipt;
      return {
        status: 'stored' as const,
        service,
        series,
        samples,
        notes,
        ...(message && { control: options.control?.hear(message) }),
      };
    },
  );

  app.post(
    '/ingest/control',
    {
      schema: {
        summary: 'Ask for the settings of an agent that has nothing to push: one that is switched off',
        tags: ['ingest'],
        querystring: ingestQuery.pick({ name: true, spyName: true }),
        headers: agentHeaders.extend({
          'everflame-protocol': ingestHeaders.shape['everflame-protocol'].unwrap(),
          'everflame-instance': ingestHeaders.shape['everflame-instance'].unwrap(),
        }),
        response: { 200: settingsAnswer },
      },
    },
    async ({ query, headers }) => {
      const message = messageOf(headers, ownerOf(query.name, query.spyName));
      return { status: 'ok' as const, control: (message && options.control?.hear(message)) ?? {} };
    },
  );
};

/** The service that a push names, as far as it can be told before anything is checked. */
function serviceOf(url: string): string {
  const name = /[?&]name=([^&{%]*)/.exec(url)?.[1] ?? '';
  return name.slice(0, 200);
}

function formatOf(format: string | undefined, isMultipart: boolean): Pick<IngestRequest, 'format'> {
  if (isMultipart && (format === undefined || format === 'pprof')) return { format: 'pprof' };
  if (format === undefined || format === '') return {};
  const known = FORMATS.find((one) => one === format);
  if (known) return { format: known };
  const what = KNOWN_FORMATS.includes(format) ? 'is not read yet' : 'is no format that this server knows';
  throw new UserError(
    'unsupported_format',
    `format=${JSON.stringify(format.slice(0, 40))} ${what}. Send ${FORMATS.join(', ')}.`,
    { parameter: 'format' },
  );
}

/** Every content type is a body of bytes: senders write whatever they like there. */
function acceptAnyBody(app: FastifyInstance, limit: number): void {
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    const body = await readBytes(payload, declaredLength(request.raw), limit);
    request.ticket?.received();
    return body;
  });
}

function refuseUnknownEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'] ?? '';
  if (encoding === '' || encoding === 'identity' || isGzipEncoded(request)) return;
  throw new UserError(
    'unsupported_encoding',
    `Content-Encoding ${JSON.stringify(encoding)} is not read here.`,
    { parameter: 'Content-Encoding' },
  );
}

function isGzipEncoded({ headers }: FastifyRequest): boolean {
  return headers['content-encoding'] === 'gzip' || headers['content-encoding'] === 'x-gzip';
}

type Parts = Pick<IngestRequest, 'body' | 'isEncoded' | 'sampleTypeConfig'> & {
  readonly isMultipart: boolean;
};

async function partsOf(request: FastifyRequest, decodedLimit: number): Promise<Parts> {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const isEncoded = isGzipEncoded(request);
  const contentType = request.headers['content-type'] ?? '';
  if (!contentType.startsWith('multipart/form-data')) return { body, isEncoded, isMultipart: false };
  const whole = isEncoded ? decodeEncoding(body, decodedLimit) : body;
  const parts = await parseMultipart(
    Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength),
    contentType,
  );
  const profile = parts.get('profile');
  if (!profile) {
    throw new UserError('bad_body', 'The multipart body has no part named "profile".', {
      parameter: 'profile',
    });
  }
  const config = parts.get('sample_type_config');
  return {
    body: profile,
    isMultipart: true,
    ...(config && { sampleTypeConfig: parseSampleTypeConfig(config.toString()) }),
  };
}
