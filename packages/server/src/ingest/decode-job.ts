import { type ColumnMemory, type Labels, OWN_MEMORY } from '@everflame/profile';
import { type NamesInStore, NO_NAMES } from '../store/known-names.ts';
import { type PreparedProfile, prepareProfile } from '../store/series-rows.ts';
import { type DecodeRequest, decodeBody } from './decode-body.ts';
import { pushWindow, type Window } from './push-times.ts';
import { nameTypes, type SampleTypeConfig } from './sample-type-config.ts';

/** What turns the body of a push into rows: nothing of it needs the store, but for the names that it knows. */
export interface DecodeJob extends DecodeRequest {
  readonly body: Uint8Array;
  readonly service: string;
  readonly labels: Labels;
  readonly sampleTypeConfig: SampleTypeConfig;
  /** Name of all its types, where the push says one. */
  readonly profileName: string | undefined;
  readonly from: string | undefined;
  readonly until: string | undefined;
  /** Unix time, ns. */
  readonly now: bigint;
  /** Start that an earlier attempt was given, ns; it counts instead of what the rest says. */
  readonly start: bigint | undefined;
}

export interface DecodedPush {
  readonly prepared: PreparedProfile;
  readonly window: Window;
  /** Types that count since the start of the process, and were left out. */
  readonly cumulative: readonly string[];
}

/** Decodes bodies, here or elsewhere. */
export interface Decoder {
  /** The body is not to be used afterwards. @throws UserError with what is wrong with the push */
  decode(job: DecodeJob): Promise<DecodedPush>;
}

/**
 * @param memory what is returned does not lie in it
 * @throws UserError
 */
export function runDecodeJob(
  job: DecodeJob,
  known: NamesInStore,
  memory: ColumnMemory = OWN_MEMORY,
): DecodedPush {
  const decoded = decodeBody(job.body, job, memory);
  const { startNanos: said, durationNanos } = pushWindow(job.from, job.until, decoded.durationNanos, job.now);
  const startNanos = job.start ?? said;
  const { profile, cumulative } = nameTypes(decoded, job.sampleTypeConfig, job.profileName);
  const owner = { service: job.service, labels: job.labels, startNanos };
  return {
    prepared: prepareProfile(owner, profile, known, memory),
    window: { startNanos, durationNanos },
    cumulative,
  };
}

/** Decodes where it is asked, and knows of no names. */
export const inlineDecoder: Decoder = { decode: async (job) => runDecodeJob(job, NO_NAMES) };
