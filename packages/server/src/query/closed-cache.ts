import type { Filter } from '../store/filter.ts';

interface Entry {
  readonly value: unknown;
  readonly bytes: number;
  readonly version: number;
  /** Monotonic ms. */
  readonly readAt: number;
}

/** A server of the same cluster may have computed a bucket again, which this one learns of no other way, ms. */
const TTL_MS = 60_000;

/** The parts of a selection that are read from closed buckets and from profiles, as far as there are any. */
export function splitFilter(filter: Filter): { readonly closed?: Filter; readonly open?: Filter } {
  const closed = filter.segments?.filter(({ table }) => table !== 'profiles') ?? [];
  if (closed.length === 0) return { open: filter };
  const open = filter.segments?.filter(({ table }) => table === 'profiles') ?? [];
  return {
    closed: { ...filter, segments: closed },
    ...(open.length > 0 && { open: { ...filter, segments: open } }),
  };
}

/**
 * What was read from closed buckets, which stay what they are: who watches a service asks for them again every few
 * seconds, and only the two ends of the range change. Bounded by bytes; the longest unused goes first.
 */
export class ClosedCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(maxBytes = 48 << 20) {
    this.#maxBytes = maxBytes;
  }

  /** The same cache, for one version of the rollups: what another one said is not used. */
  at(version: number): ClosedCacheView {
    return { read: (what, filter, sizeOf, load) => this.#read(what, filter, version, sizeOf, load) };
  }

  async #read<T>(
    what: string,
    { services, labels, types, segments }: Filter,
    version: number,
    sizeOf: (value: T) => number,
    load: () => Promise<T>,
  ): Promise<T> {
    const key = JSON.stringify([what, services, labels, types, segments]);
    const known = this.#entries.get(key);
    if (known && known.version === version && performance.now() - known.readAt < TTL_MS) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value as T;
    }
    const value = await load();
    this.#forget(key);
    const bytes = sizeOf(value) + key.length * 2 + 500;
    this.#entries.set(key, { value, bytes, version, readAt: performance.now() });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#forget(oldest);
    }
    return value;
  }

  #forget(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}

export interface ClosedCacheView {
  /**
   * @param what names the question and so the type of the answer: one name, one type
   * @param sizeOf bytes that an answer holds
   */
  read<T>(what: string, filter: Filter, sizeOf: (value: T) => number, load: () => Promise<T>): Promise<T>;
}
