import type { Labels } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import { Deletion, type DeletionCount, type DeletionTarget } from './deletion.ts';
import type { KnownNames } from './known-names.ts';
import { Lease } from './lease.ts';
import { Maintenance, type MaintenanceLog } from './maintenance.ts';
import { migrate } from './migrate.ts';
import type { Push, PushReceipt } from './push.ts';
import { Reader } from './reader.ts';
import { Retention } from './retention.ts';
import { FIVE_MINUTES } from './rollup-level.ts';
import { type RollupOptions, Rollups } from './rollups.ts';
import type { PreparedPush } from './series-rows.ts';
import { StoreError } from './store-error.ts';
import { Writer, type WriterLoad, type WriterOptions } from './writer.ts';

export interface StoreOptions extends Omit<WriterOptions, 'accepts' | 'onWritten'> {
  readonly retention?: Retention;
  readonly rollups?: RollupOptions;
  /** Whom the upkeep tells what it does; without it there is none, and `rollups.update()` is for the caller. */
  readonly maintenance?: MaintenanceLog;
}

/** The one way in to what is stored, and the one way out. */
export class Store {
  readonly mode: StoreConnection['mode'];
  readonly reader: Reader;
  readonly rollups: Rollups;
  readonly retention: Retention;
  readonly #connection: StoreConnection;
  readonly #writer: Writer;
  readonly #deletion: Deletion;
  readonly #maintenance: Maintenance | undefined;

  private constructor(connection: StoreConnection, options: StoreOptions) {
    this.mode = connection.mode;
    this.#connection = connection;
    this.reader = new Reader(connection);
    this.rollups = new Rollups(connection, options.rollups);
    this.retention = options.retention ?? new Retention();
    this.#writer = new Writer(connection, {
      ...options,
      accepts: (service, labels, startNanos) => this.#accept(service, labels, startNanos),
      onWritten: (windows) => {
        this.rollups.written(windows.map(({ startNanos }) => Number(startNanos / 1_000_000n)));
      },
    });
    this.#deletion = new Deletion(connection, this.rollups);
    if (options.maintenance) {
      this.#maintenance = new Maintenance(
        connection,
        this.rollups,
        this.retention,
        options.maintenance,
        new Lease(connection, 'maintenance'),
      );
      this.#maintenance.start();
    }
  }

  /** Brings the schema up to date, then takes pushes. @throws StoreError `schema_too_new` */
  static async open(connection: StoreConnection, options: StoreOptions = {}): Promise<Store> {
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

  /** The same, for a push that was prepared elsewhere. */
  writePrepared(prepared: PreparedPush): Promise<PushReceipt> {
    return this.#writer.writePrepared(prepared);
  }

  /** A push is on its way here. @returns to be called once, when it has come or will not */
  expect(): () => void {
    return this.#writer.expect();
  }

  /** Names that are stored, for whoever prepares pushes elsewhere. */
  get knownNames(): KnownNames {
    return this.#writer.known;
  }

  /** What waits to be written. */
  get writing(): WriterLoad {
    return this.#writer.load;
  }

  /** Start in ns of the window of a push stored within the last day, by its identity. */
  findStart(service: string, identity: bigint): Promise<bigint | undefined> {
    return this.reader.findStart(service, identity);
  }

  /** What a deletion would take. */
  countDeletion(target: DeletionTarget): Promise<DeletionCount> {
    return this.#deletion.count(target, this.#fiveSince());
  }

  /** Deletes for good, at all times; pushes wait meanwhile. */
  delete(target: DeletionTarget): Promise<DeletionCount> {
    return this.#writer.rest(() => this.#deletion.run(target, this.#fiveSince()));
  }

  /** @throws StoreError `too_old` */
  #accept(service: string, labels: Labels, startNanos: bigint): { readonly class: string } {
    const name = this.retention.classOf(service, labels);
    const kept = this.retention.keptFor(name).profiles;
    const start = Number(startNanos / 1_000_000n);
    if (start >= Date.now() - kept) return { class: name };
    throw new StoreError(
      'too_old',
      `The window starts on ${new Date(start).toISOString().slice(0, 16)}Z, before the time that profiles of this ` +
        `service are kept (${Math.round(kept / 86_400_000)} days).`,
    );
  }

  #fiveSince(): number {
    return this.retention.keptSince(FIVE_MINUTES.table, this.retention.names, Date.now());
  }

  /** Writes what waits, then closes the engine. */
  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#maintenance?.stop()]);
    await this.#connection.close();
  }
}
