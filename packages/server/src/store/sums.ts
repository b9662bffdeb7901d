import type { ProfileKind } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import type { Filter } from './filter.ts';
import { rowsOf } from './rows.ts';

/** Ids of stacks and what each is worth. */
export interface StackSums {
  readonly stacks: BigUint64Array;
  readonly values: Float64Array;
}

const MINUTE_MS = 60_000;

/**
 * For flows the sum of every stack; for levels its average over the time covered, summed over processes.
 *
 * @param perPeriod values divided by the period of their profile
 */
export async function readSums(
  connection: StoreConnection,
  filter: Filter,
  kind: ProfileKind,
  perPeriod: boolean,
): Promise<StackSums> {
  const values = perPeriod ? `arrayMap(v -> v / period, values)` : 'values';
  const divisible = perPeriod ? 'WHERE period > 0' : '';
  if (kind === 'flow') {
    const { sql, params } = rowsOf(filter, ['stacks', 'values', 'period']);
    return parseSums(
      await connection.bytes(
        `SELECT stack, sum(toFloat64(value)) AS sum
        FROM (SELECT stacks, ${values} AS values FROM ${sql} ${divisible})
        ARRAY JOIN stacks AS stack, values AS value
        GROUP BY stack FORMAT RowBinary`,
        params,
      ),
    );
  }
  // A process with four windows in a minute counts each a quarter; minutes in which nobody was seen are not time
  // covered. The rows of a bucket are sums over its minutes already.
  const { sql, params } = rowsOf(filter, ['series', 'start', 'minutes', 'stacks', 'values']);
  return parseSums(
    await connection.bytes(
      `WITH rows AS ${sql}, (
          SELECT uniqExactIf(intDiv(start, ${MINUTE_MS}), minutes = 0) FROM rows
        ) + (
          SELECT sum(bitCount(watched)) FROM (SELECT groupBitOr(minutes) AS watched FROM rows WHERE minutes != 0 GROUP BY start)
        ) AS covered
      SELECT stack, sum(toFloat64(value) * weight) / assumeNotNull(covered) AS sum
      FROM (
        SELECT stacks, values, if(minutes != 0, 1,
          1 / count() OVER (PARTITION BY series, minutes, intDiv(start, ${MINUTE_MS}))) AS weight
        FROM rows
      ) ARRAY JOIN stacks AS stack, values AS value
      GROUP BY stack FORMAT RowBinary`,
      params,
    ),
  );
}

/** Rows of 16 bytes: an id and a double. */
function parseSums(bytes: Uint8Array): StackSums {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const count = Math.floor(aligned.byteLength / 16);
  const ids = new BigUint64Array(aligned.buffer, aligned.byteOffset, count * 2);
  const doubles = new Float64Array(aligned.buffer, aligned.byteOffset, count * 2);
  const stacks = new BigUint64Array(count);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    stacks[i] = ids[i * 2];
    values[i] = doubles[i * 2 + 1];
  }
  return { stacks, values };
}
