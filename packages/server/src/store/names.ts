import { addressName, type Box } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import { compileNamesFilter, type Filter } from './filter.ts';
import { DATABASE } from './schema.ts';

/** Stack ids in one statement; their digits make it about 100 KB of SQL. */
const IDS_PER_QUERY = 5000;

/** Where names are looked for: they are kept by service and week. */
export type NamesFilter = Pick<Filter, 'services' | 'from' | 'until'>;

/** What ids mean. */
export class Names {
  readonly #connection: StoreConnection;

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  /** The frames of stacks, root first. A stack that is not there is not in the answer. */
  async stackFrames(stacks: readonly bigint[], within: NamesFilter): Promise<Map<bigint, BigUint64Array>> {
    const { sql, params } = compileNamesFilter(within);
    const found = new Map<bigint, BigUint64Array>();
    for (const ids of chunks(stacks)) {
      const bytes = await this.#connection.bytes(
        `SELECT stack, any(frames) FROM ${DATABASE}.stacks WHERE ${sql} AND stack IN (${ids.join()})
        GROUP BY stack FORMAT RowBinary`,
        params,
      );
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      while (at < bytes.byteLength) {
        const stack = view.getBigUint64(at, true);
        at += 8;
        let length = 0;
        let shift = 0;
        let byte: number;
        do {
          byte = view.getUint8(at++);
          length += (byte & 0x7f) * 2 ** shift;
          shift += 7;
        } while (byte & 0x80);
        const frames = new BigUint64Array(length);
        for (let i = 0; i < length; i++, at += 8) frames[i] = view.getBigUint64(at, true);
        found.set(stack, frames);
      }
    }
    return found;
  }

  /** What frames draw as. */
  async frameBoxes(frames: readonly bigint[], within: NamesFilter): Promise<Map<bigint, Box>> {
    const { sql, params } = compileNamesFilter(within);
    const found = new Map<bigint, Box>();
    for (const ids of chunks(frames)) {
      const rows = await this.#connection.rows<{
        id: string;
        name: string;
        module: string;
        file: string;
        address: string;
      }>(
        `SELECT toString(frame) AS id, any(function) AS name, toString(any(module)) AS module,
          toString(any(file)) AS file, toString(any(address)) AS address
        FROM ${DATABASE}.frames WHERE ${sql} AND frame IN (${ids.join()}) GROUP BY frame`,
        params,
      );
      for (const { id, name, module, file, address } of rows) {
        found.set(BigInt(id), { function: name || addressName(BigInt(address)), module, file });
      }
    }
    return found;
  }
}

function* chunks(ids: readonly bigint[]): Generator<bigint[]> {
  for (let i = 0; i < ids.length; i += IDS_PER_QUERY) yield ids.slice(i, i + IDS_PER_QUERY);
}
