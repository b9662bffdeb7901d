import { z } from 'zod';

/**
 * What requests say and answers hold. The same schemas check requests, write answers and make the OpenAPI document.
 * Times in answers are unix milliseconds.
 */
const query = z
  .string()
  .default('')
  .describe('Selector: service{label="v",other!="v",third=~"re"}; empty: every service but everflame');
const type = z
  .string()
  .optional()
  .describe('Profile type; CPU time (process_cpu:cpu:nanoseconds:cpu:nanoseconds) where it is left out');
/** No time is longer: reading one is not linear in its length, and a query string may have 16 KB. */
const MAX_TIME = 100;
const from = z
  .string()
  .max(MAX_TIME)
  .optional()
  .describe('Start: -15minutes (the default), 2 hours ago, 2026-05-01 12:00, unix s or ms');
const until = z.string().max(MAX_TIME).optional().describe('End, written as from; now where it is left out');

export const selection = z.object({ query, type, from, until });
export const range = z.object({ from, until });

const ms = z.number().describe('Unix time in ms');
const kind = z.enum(['flow', 'level']);

export const errorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), parameter: z.string().optional() }),
});

export const statusAnswer = z.object({
  version: z.string(),
  storage: z.enum(['embedded', 'cluster']),
  dataDir: z.string().optional(),
  now: ms,
  selfProfile: z.boolean(),
  server: z.string().describe('Address to give to agents'),
  cost: z.object({ coreHour: z.number(), currency: z.string() }).optional(),
  damagedParts: z
    .array(
      z.object({
        table: z.string(),
        part: z.string(),
        reason: z.string(),
        instead: z.number().describe('Parts that are read in its place; 0: its rows are missing'),
        path: z.string(),
      }),
    )
    .optional()
    .describe('Set aside by the engine because they could not be read; see docs/operations.md'),
});

export const servicesAnswer = z.object({
  services: z.array(
    z.object({
      service: z.string(),
      types: z.array(z.string()),
      firstSeen: ms,
      lastSeen: ms,
      labels: z.record(z.string(), z.array(z.string())),
    }),
  ),
});

export const functionQuery = selection.extend({
  function: z.string().min(1).max(20_000).describe('Name of the function'),
  module: z.string().max(4000).default('').describe('Its module; left out for one that has none'),
  by: z.string().min(1).max(200).optional().describe('Label to split by'),
  points: z.coerce.number().int().min(1).max(500).default(100).describe('About how many buckets'),
});

export const functionAnswer = z.object({
  query: z.string(),
  type: z.string(),
  from: ms,
  until: ms,
  start: ms.describe('Start of the first bucket'),
  step: z.number().describe('Width of a bucket in ms'),
  groups: z.array(
    z.object({
      label: z.string().nullable().describe('Value of the label; null where nothing is split'),
      share: z.number().describe('Of all in the range, 0 to 1'),
      values: z.array(z.number().nullable()).describe('Share in each bucket; null: nobody was watched'),
    }),
  ),
});

export const profilesQuery = selection.extend({
  limit: z.coerce.number().int().min(1).max(10_000).default(2000).describe('Those worth most per second'),
});

export const profilesAnswer = z.object({
  query: z.string(),
  type: z.string(),
  unit: z.string(),
  kind,
  from: ms,
  until: ms,
  count: z.number().describe('How many there are; with more than the limit, the list holds those worth most'),
  profiles: z.array(
    z.object({
      service: z.string(),
      labels: z.record(z.string(), z.string()),
      start: ms,
      end: ms,
      total: z.number().describe('In the unit of the type, of the whole window'),
    }),
  ),
});

export const fleetQuery = z.object({
  type,
  from,
  until,
  by: z.enum(['function', 'module']).default('function').describe('What a row is'),
  limit: z.coerce.number().int().min(1).max(5000).default(500).describe('Rows'),
});

export const fleetAnswer = z.object({
  type: z.string(),
  unit: z.string(),
  kind,
  from: ms,
  until: ms,
  whole: z.number().describe('Value per second of everything: cores × 10⁹ for CPU time'),
  services: z.number().describe('That did anything in the range'),
  servicesLeftOut: z.number().describe('Of those, the ones that did least and were not asked'),
  rows: z.array(
    z.object({
      function: z.string(),
      module: z.string().describe('Or the file, where there is no module'),
      self: z.number().describe('Value per second of what ends in it'),
      total: z.number().describe('Value per second of what passes through it'),
      services: z.number().describe('In how many services'),
      top: z.array(z.object({ service: z.string(), self: z.number() })).describe('Where it is worth most'),
    }),
  ),
  others: z.number().describe('Rows beyond the limit'),
  rest: z.number().describe('What those are worth themselves, per second'),
  cost: z
    .object({ coreHour: z.number(), currency: z.string() })
    .optional()
    .describe('Price of an hour of a core, where it is configured'),
});

export const overviewQuery = z.object({
  type,
  from,
  until,
  points: z.coerce.number().int().min(1).max(500).default(60).describe('About how many buckets'),
});

export const overviewAnswer = z.object({
  type: z.string(),
  unit: z.string(),
  kind,
  from: ms,
  until: ms,
  start: ms.describe('Start of the first bucket'),
  step: z.number().describe('Width of a bucket in ms'),
  services: z.array(
    z.object({
      service: z.string(),
      types: z.array(z.string()),
      lastSeen: ms,
      labels: z.record(z.string(), z.array(z.string())),
      values: z.array(z.number().nullable()).describe('As in a timeline; empty where nobody was watched'),
      average: z.number().nullable().describe('Over the buckets in which it was watched'),
      before: z.number().nullable().describe('The same, a day before'),
    }),
  ),
});

export const typesAnswer = z.object({
  types: z.array(z.object({ type: z.string(), unit: z.string(), kind })),
});
export const labelsAnswer = z.object({ labels: z.array(z.string()) });
export const valuesAnswer = z.object({ values: z.array(z.string()) });

/** Ids as OpenTelemetry writes them. */
const hexId = (digits: number) =>
  z
    .string()
    .regex(digits === 16 ? /^[0-9a-fA-F]{16}$/ : /^[0-9a-fA-F]{32}$/, `must be ${digits} hexadecimal digits`);
const request = {
  span_id: hexId(16).optional().describe('Only what was sampled in this span'),
  trace_id: hexId(32).optional().describe('Only what was sampled in spans of this trace'),
};

export const timelineQuery = selection.extend({
  ...request,
  by: z.string().min(1).max(200).optional().describe('Label to split by'),
  points: z.coerce.number().int().min(1).max(2000).default(300).describe('About how many buckets'),
});

/** What was read, so that nobody has to guess how fine an old answer is. */
const source = {
  tables: z
    .array(z.enum(['profiles', 'profiles_5m', 'profiles_1h']))
    .readonly()
    .describe('Tables that the answer was read from'),
  rounded: z.boolean().describe('Finer profiles have expired: the range was widened to whole buckets'),
};

export const timelineAnswer = z.object({
  query: z.string(),
  type: z.string(),
  unit: z.string(),
  kind,
  from: ms,
  until: ms,
  start: ms.describe('Start of the first bucket'),
  step: z.number().describe('Width of a bucket in ms'),
  groups: z.array(
    z.object({
      label: z
        .string()
        .nullable()
        .describe('Value of the label; null where nothing is split, and for the others'),
      others: z.boolean().describe('The sum of the groups that were too many to show'),
      values: z
        .array(z.number().nullable())
        .describe('Flows: value per second. Levels: the level. null: nobody was watched'),
    }),
  ),
  others: z.number().describe('How many values of the label were summed as others'),
  ...source,
});

export const flameGraphQuery = selection.extend({
  ...request,
  format: z
    .enum(['wire', 'json'])
    .default('wire')
    .describe('wire: compact columns for the page; json: a plain tree'),
  focus: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'must be a path id: 16 hexadecimal digits')
    .optional()
    .describe('Path id of a box whose details are wanted'),
  min: z.coerce
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Least share of the (focused) total for a box to be sent; 1/2000 for wire, 0 for json'),
});

const indices = z.array(z.number()).readonly();
const note = z.object({
  code: z.enum(['mostly_waiting', 'nylas_sampler', 'no_data', 'focus_not_found']),
  message: z.string(),
  type: z.string().optional(),
  share: z.number().optional(),
  lastSeen: z.number().nullable().optional(),
});

export const flameGraphAnswer = z.object({
  query: z.string(),
  type: z.string(),
  unit: z.string(),
  kind,
  from: ms,
  until: ms,
  profiles: z.number().describe('Windows merged'),
  seconds: z.number().describe('Seconds of the range in which anything was watched'),
  total: z.number(),
  graph: z.object({
    version: z.literal(1),
    strings: z.array(z.string()).readonly(),
    boxes: z.object({ function: indices, module: indices, file: indices }),
    nodes: z.object({ depth: indices, box: indices, self: indices }),
    hidden: z.array(z.tuple([z.number(), z.number(), z.number()]).readonly()).readonly(),
  }),
  notes: z.array(note).readonly(),
  ...source,
});

export const plainTreeAnswer = z.object({
  type: z.string(),
  unit: z.string(),
  total: z.number(),
  root: z
    .object({ name: z.string(), value: z.number(), self: z.number(), children: z.array(z.unknown()) })
    .describe('Children are nodes like the root'),
});

export const nylasQuery = selection.extend({
  threshold: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Boxes must be worth more than this share of all'),
});

export const targetsAnswer = z.object({
  targets: z.array(
    z.object({
      url: z.string(),
      service: z.string(),
      labels: z.record(z.string(), z.string()),
      state: z.enum(['up', 'down', 'pending']),
      lastSuccess: z.number().nullable(),
      lastError: z.string().nullable(),
      lastDuration: z.number().nullable().describe('ms'),
      intervalSeconds: z.number(),
      undelivered: z.number().describe('Profiles polled that are not stored yet'),
    }),
  ),
});
