import { statfs } from 'node:fs/promises';
import type { Insight } from '../api/server-facts.ts';
import type { StoreConnection } from '../store/connection.ts';
import { TableSizes } from '../store/table-sizes.ts';

/** What the store and its disk say of themselves. @param dataDir where the data lies on this machine */
export function insightOf(connection: StoreConnection, dataDir: string | undefined): Insight {
  const sizes = new TableSizes(connection);
  return {
    async ping() {
      await connection.rows('SELECT 1 AS one');
    },
    tableSizes: () => sizes.read(),
    ...(dataDir !== undefined && {
      async diskFree() {
        const { bavail, bsize } = await statfs(dataDir);
        return bavail * bsize;
      },
    }),
  };
}
