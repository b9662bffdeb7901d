import type { DecodeLimits, Labels } from '@everflame/profile';
import { UserError } from '../base/user-error.ts';
import { mondayOf } from '../store/new-names.ts';
import type { PushReceipt } from '../store/push.ts';
import type { PreparedPush } from '../store/series-rows.ts';
import { StoreError } from '../store/store-error.ts';
import type { IngestFormat } from './decode-body.ts';
import { type DecodedPush, type DecodeJob, type Decoder, inlineDecoder } from './decode-job.ts';
import { identifyPush, type PushClaim } from './push-identity.ts';
import { ownerOf } from './push-owner.ts';
import type { SampleTypeConfig } from './sample-type-config.ts';
import { textTypeFor } from './type-suffix.ts';

/** Where profiles go. */
export interface PushStore {
  writePrepared(push: PreparedPush): Promise<PushReceipt>;
  /** A push is being decoded. @returns to be called once, when that is done */
  expect(): () => void;
  /** Start of a stored profile in ns, for a push that is known by its identity alone. */
  findStart(service: string, identity: bigint): Promise<bigint | undefined>;
}

/** A push as it came in, its protocol taken off. */
export interface IngestRequest {
  readonly name: string;
  readonly from?: string;
  readonly until?: string;
  readonly format?: IngestFormat;
  readonly sampleRate?: number;
  readonly spyName?: string;
  readonly units?: string;
  /** Not to be used afterwards: it is handed to the thread that decodes it. */
  readonly body: Uint8Array;
  /** Whether the body came with Content-Encoding: gzip, and is so still. */
  readonly isEncoded?: boolean;
  readonly sampleTypeConfig?: SampleTypeConfig;
  readonly claim: Omit<PushClaim, 'body' | 'hasFrom'>;
}

export interface IngestReceipt {
  readonly service: string;
  /** Of the process. */
  readonly labels: Labels;
  readonly window: {
    readonly startNanos: bigint;
    readonly durationNanos: bigint;
    /** Profile types in it. */
    readonly types: readonly string[];
    /** Distinct (stack, value) pairs. */
    readonly samples: number;
  };
  readonly series: number;
  readonly samples: number;
  /** What the sender should know, in sentences. */
  readonly notes: string[];
}

/** Starts of named pushes without `from` that are remembered, for the retry that follows soon. */
const REMEMBERED = 10_000;

/** Bytes from the network → a profile in the store. One per server. */
export class Ingest {
  readonly #store: PushStore;
  readonly #limits: DecodeLimits;
  readonly #decoder: Decoder;
  readonly #starts = new Map<bigint, bigint>();

  constructor(store: PushStore, limits: DecodeLimits, decoder: Decoder = inlineDecoder) {
    this.#store = store;
    this.#limits = limits;
    this.#decoder = decoder;
  }

  /**
   * Stores a push; resolves when it is on disk.
   *
   * @throws UserError with what to answer
   */
  async accept(request: IngestRequest): Promise<IngestReceipt> {
    const { service, labels, textType, profileName } = ownerOf(request.name, request.spyName);
    const owner = { service, labels };
    const identity = identifyPush({
      ...request.claim,
      body: request.body,
      hasFrom: request.from !== undefined,
    });
    const isNamedOnly = identity.named && request.from === undefined;
    const { prepared, window, cumulative } = await this.#decode({
      ...owner,
      body: request.body,
      format: request.format,
      textType: textTypeFor(textType, request.units),
      sampleRate: request.sampleRate ?? 100,
      limits: this.#limits,
      isEncoded: request.isEncoded ?? false,
      sampleTypeConfig: request.sampleTypeConfig ?? {},
      profileName,
      from: request.from,
      until: request.until,
      now: BigInt(Date.now()) * 1_000_000n,
      start: isNamedOnly ? await this.#firstStart(service, identity.id) : undefined,
    });
    const startNanos = isNamedOnly ? this.#agreedStart(identity.id, window.startNanos) : window.startNanos;
    if (mondayOf(startNanos) !== prepared.names.week) throw twoStarts();
    const { durationNanos } = window;
    const receipt = await this.#write({
      ...prepared,
      ...owner,
      startNanos,
      durationNanos,
      identity: identity.id,
    });
    const notes = cumulative.map(
      (type) =>
        `${type} counts since the start of the process and was left out: send what was added since the last push.`,
    );
    if (receipt.mergedLabelSets > 0) {
      notes.push(
        `${receipt.mergedLabelSets} label sets too many for one profile were counted without their labels.`,
      );
    }
    const { series, samples } = receipt;
    const types = [...new Set(prepared.rows.map(({ type }) => type))];
    return { ...owner, window: { startNanos, durationNanos, types, samples }, series, samples, notes };
  }

  /** The store waits a little for what is under way, and writes it together. */
  async #decode(job: DecodeJob): Promise<DecodedPush> {
    const done = this.#store.expect();
    try {
      return await this.#decoder.decode(job);
    } finally {
      done();
    }
  }

  /** A retry must land on the row of the first attempt: the same start, though time has gone on. */
  async #firstStart(service: string, identity: bigint): Promise<bigint | undefined> {
    return this.#starts.get(identity) ?? (await this.#store.findStart(service, identity));
  }

  /** Of attempts that are under way at once, the one that is decoded first says when both began. */
  #agreedStart(identity: bigint, start: bigint): bigint {
    const first = this.#starts.get(identity) ?? start;
    this.#starts.set(identity, first);
    if (this.#starts.size > REMEMBERED) {
      for (const oldest of this.#starts.keys()) {
        this.#starts.delete(oldest);
        break;
      }
    }
    return first;
  }

  async #write(push: PreparedPush): Promise<PushReceipt> {
    try {
      return await this.#store.writePrepared(push);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      switch (error.code) {
        case 'queue_full':
          throw new UserError('queue_full', error.message, { retryAfter: 5, cause: error });
        case 'too_old':
          throw new UserError('too_old', error.message, { parameter: 'from', cause: error });
        case 'disk_full':
          throw new UserError('disk_full', error.message, { retryAfter: 30, cause: error });
        case 'closing':
          throw new UserError('closing', error.message, { retryAfter: 5, cause: error });
        default:
          throw new UserError('store_failed', error.message, { retryAfter: 10, cause: error });
      }
    }
  }
}

/** Two attempts at once, one in the old week and one in the new: names were looked up for the wrong one. */
function twoStarts(): UserError {
  return new UserError('store_failed', 'Another attempt of this push is under way. Send it again.', {
    retryAfter: 1,
  });
}
