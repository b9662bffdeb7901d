import { z } from 'zod';
import { MAX_HZ, MAX_WINDOW } from '../control/control-answer.ts';
import type { ControlRule } from '../control/control-rules.ts';
import { plainMatch } from './plain-match.ts';

/** What `control:` in the configuration says. */
export const controlSchema = z
  .array(
    z
      .strictObject({
        match: plainMatch,
        enabled: z.boolean().optional(),
        hz: z.number().min(1).max(MAX_HZ).optional(),
        window: z.number().min(1).max(MAX_WINDOW).optional(),
      })
      .transform(
        ({ match, enabled, hz, window }): ControlRule => ({
          match,
          settings: {
            ...(enabled !== undefined && { enabled }),
            ...(hz !== undefined && { hz }),
            ...(window !== undefined && { window }),
          },
        }),
      ),
  )
  .max(200);
