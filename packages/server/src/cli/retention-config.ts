import { z } from 'zod';
import { DEFAULT_CLASS, DEFAULT_KEPT, type Kept, Retention } from '../store/retention.ts';
import { plainMatch } from './plain-match.ts';

const DAY_MS = 86_400_000;
/** A month here is the longest there is: nothing goes earlier than it was asked to be kept. */
const UNITS: Readonly<Record<string, number>> = {
  d: DAY_MS,
  w: 7 * DAY_MS,
  mo: 31 * DAY_MS,
  y: 366 * DAY_MS,
};

const duration = z.string().transform((text, context) => {
  const match = /^\s*(\d{1,5})\s*(d|w|mo|y)\s*$/.exec(text);
  if (match && Number(match[1]) > 0) return Number(match[1]) * UNITS[match[2]];
  context.addIssue({
    code: 'custom',
    message: 'must be a number of days, weeks, months or years: 7d, 2w, 13mo, 1y',
  });
  return z.NEVER;
});

const kept = z.strictObject({
  profiles: duration.optional(),
  five_minutes: duration.optional(),
  one_hour: duration.optional(),
});

/** What `retention:` in the configuration says. */
export const retentionSchema = kept
  .extend({
    classes: z
      .array(
        kept.extend({
          name: z
            .string()
            .regex(/^[a-z][a-z0-9_-]{0,30}$/, 'must be a short name of small letters, digits, _ and -')
            .refine((name) => name !== DEFAULT_CLASS, 'is the name of what no class matches'),
          match: plainMatch,
        }),
      )
      .max(50)
      .default([]),
  })
  .superRefine((config, context) => {
    const fallback = keptOf(config, DEFAULT_KEPT);
    const names = new Set<string>();
    for (const [i, one] of [config, ...config.classes].entries()) {
      const path = i === 0 ? [] : ['classes', i - 1];
      const { profiles, profiles_5m, profiles_1h } = keptOf(one, i === 0 ? DEFAULT_KEPT : fallback);
      if (profiles > profiles_5m || profiles_5m > profiles_1h) {
        const message = 'what is coarser must be kept at least as long: profiles ≤ five_minutes ≤ one_hour';
        context.addIssue({ code: 'custom', path, message });
      }
    }
    for (const [i, { name }] of config.classes.entries()) {
      if (names.has(name))
        context.addIssue({ code: 'custom', path: ['classes', i, 'name'], message: 'is there twice' });
      names.add(name);
    }
  });

export function retentionOf(config: z.infer<typeof retentionSchema> | undefined): Retention {
  if (!config) return new Retention();
  const fallback = keptOf(config, DEFAULT_KEPT);
  return new Retention(
    fallback,
    config.classes.map((one) => ({ name: one.name, match: one.match, kept: keptOf(one, fallback) })),
  );
}

function keptOf(config: z.infer<typeof kept>, fallback: Kept): Kept {
  return {
    profiles: config.profiles ?? fallback.profiles,
    profiles_5m: config.five_minutes ?? fallback.profiles_5m,
    profiles_1h: config.one_hour ?? fallback.profiles_1h,
  };
}
