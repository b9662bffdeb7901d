/** Why the store refused or failed. Documented in docs/errors.md. */
export type StoreErrorCode =
  /** Another process has the data directory open. */
  | 'data_dir_in_use'
  /** The embedded engine did not open the data directory. */
  | 'engine_failed'
  /** Less is free on the disk than must stay so; it passes by itself when there is room again. */
  | 'disk_full'
  /** The tables were made by a newer Everflame. */
  | 'schema_too_new'
  /** The window is older than profiles are kept. */
  | 'too_old'
  /** No ClickHouse answers at the URL. */
  | 'engine_unreachable'
  /** ClickHouse does not let the user in, or not do what is needed. */
  | 'engine_denied'
  /** ClickHouse lacks something that the cluster needs: its name, Keeper, macros. */
  | 'engine_unsuitable'
  /** The engine did not take the rows; nothing was acknowledged, a retry is right. */
  | 'store_failed'
  /** Too many questions wait for their turn. */
  | 'too_many_queries'
  /** Too much is waiting to be written. */
  | 'queue_full'
  /** The store is shutting down. */
  | 'closing';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
