import type { Logger } from 'pino';
import type { MaintenanceLog } from '../store/maintenance.ts';

/** What the store does of its own, in the log. */
export function maintenanceLog(logger: Logger): MaintenanceLog {
  return {
    expired: (partitions) => {
      const names = partitions.map(({ table, partition }) => `${table} ${partition}`);
      logger.info(
        { partitions: names },
        `retention: ${names.length} partitions were older than they are kept`,
      );
    },
    failed: (what, error) => {
      const message = error instanceof Error ? error.message : String(error);
      logger.error(`${what}: failed, and will be tried again: ${message}`);
    },
  };
}
