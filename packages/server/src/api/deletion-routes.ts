import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { UserError } from '../base/user-error.ts';
import { parseSelector, type Selector } from '../query/selector.ts';

const rows = z.number().describe('Rows');
const deletionAnswer = z.object({
  dryRun: z.boolean(),
  services: z.array(z.string()).readonly(),
  series: z.number(),
  rows: z.object({ profiles: rows, profiles_5m: rows, profiles_1h: rows }),
  first: z.number().nullable().describe('Start of the first window, unix ms'),
  last: z.number().nullable().describe('Start of the last window, unix ms'),
  mergedHours: z
    .number()
    .describe('Rows of old hours in which it is merged with others, and that stay as they are'),
});

type DeletionAnswer = Omit<z.infer<typeof deletionAnswer>, 'dryRun'>;

/** Takes profiles out of the store. */
export interface Deletes {
  count(target: Selector): Promise<DeletionAnswer>;
  run(target: Selector): Promise<DeletionAnswer>;
}

/** Deletion, for administrators. */
export const deletionRoutes: FastifyPluginAsyncZod<{ deletes: Deletes }> = async (app, { deletes }) => {
  app.delete(
    '/api/v1/profiles',
    {
      schema: {
        summary: 'Delete a service, or what has some labels',
        description: 'Of all times. With dry_run=true it counts, and changes nothing.',
        tags: ['administration'],
        querystring: z.object({
          query: z.string().describe('service{label="value",…}; at least one condition'),
          dry_run: z.enum(['true', 'false']).default('false'),
        }),
        response: { 200: deletionAnswer },
      },
    },
    async (request) => {
      const { query, dry_run: dryRun } = request.query;
      const target = parseSelector(query);
      if (query.trim() === '' || target.services.length + target.labels.length === 0) {
        throw new UserError(
          'bad_selector',
          'query: names nothing. To delete everything, stop the server and remove its data.',
          { parameter: 'query' },
        );
      }
      const isDry = dryRun === 'true';
      const counted = isDry ? await deletes.count(target) : await deletes.run(target);
      return { dryRun: isDry, ...counted };
    },
  );
};
