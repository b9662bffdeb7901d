import type { StoreConnection } from './connection.ts';
import { migrate } from './migrate.ts';
import type { Push, PushReceipt } from './push.ts';
import { Reader } from './reader.ts';
import { Writer, type WriterOptions } from './writer.ts';

/** The one way in to what is stored, and the one way out. */
export class Store {
  readonly mode: StoreConnection['mode'];
  readonly reader: Reader;
  readonly #connection: StoreConnection;
  readonly #writer: Writer;

  private constructor(connection: StoreConnection, options: WriterOptions) {
    this.mode = connection.mode;
    this.#connection = connection;
    this.reader = new Reader(connection);
    this.#writer = new Writer(connection, options);
  }

  /** Brings the schema up to date, then takes pushes. @throws StoreError `schema_too_new` */
  static async open(connection: StoreConnection, options: WriterOptions = {}): Promise<Store> {
    try {
      await migrate(connection);
    } catch (error) {
      await connection.close();
      throw error;
    }
    return new Store(connection, options);
  }

  /** Stores a push; resolves when its rows are in a part on disk. See Writer.write for what it throws. */
  write(push: Push): Promise<PushReceipt> {
    return this.#writer.write(push);
  }

  /** Start in ns of the window of a push stored within the last day, by its identity. */
  findStart(service: string, identity: bigint): Promise<bigint | undefined> {
    return this.reader.findStart(service, identity);
  }

  /** Writes what waits, then closes the engine. */
  async close(): Promise<void> {
    await this.#writer.close();
    await this.#connection.close();
  }
}
