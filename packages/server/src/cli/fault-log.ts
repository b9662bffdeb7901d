import type { Logger } from 'pino';
import type { Damage } from '../store/damage.ts';
import type { DiskReserveOptions } from '../store/disk-reserve.ts';

/** Says in the log when the disk becomes full, and when there is room again. @param reserve bytes that stay free */
export function diskWatch(reserve: number | undefined, logger: Logger): DiskReserveOptions {
  return {
    reserve,
    onChange: (full) => {
      if (full) logger.error({ code: full.code }, `pushes are refused: ${full.message}`);
      else logger.info('there is room on the disk again: pushes are taken');
    },
  };
}

/** Says what was set aside because it could not be read. Nothing is deleted, and nothing keeps the server from starting. */
export async function warnOfDamage(damage: Damage, logger: Logger): Promise<void> {
  for (const { table, part, reason, instead, path } of await damage.read()) {
    const rest =
      instead > 0
        ? `${instead} parts that it was merged from are read in its place`
        : 'its rows are missing from answers';
    logger.error(
      { table, part, reason, instead },
      `damaged: part ${part} of table ${table} could not be read and was set aside as ${path}; ${rest}. ` +
        'docs/operations.md ("A damaged part") says what can be done.',
    );
  }
}
