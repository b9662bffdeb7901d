import { type Labels, type Profile, StringTable } from '@everflame/profile';
import { type PreparedProfile, prepareProfile } from '../store/series-rows.ts';
import { type DecodeRequest, decodeBody } from './decode-body.ts';
import { nameTypes, type SampleTypeConfig } from './sample-type-config.ts';

/** What turns the body of a push into rows: nothing of it needs the store, or the push's place in time. */
export interface DecodeJob extends DecodeRequest {
  readonly body: Uint8Array;
  readonly service: string;
  readonly labels: Labels;
  readonly sampleTypeConfig: SampleTypeConfig;
  /** Name of all its types, where the push says one. */
  readonly profileName: string | undefined;
}

export interface DecodedPush {
  /** Its samples have become rows, and are not in it any more. */
  readonly profile: Profile;
  readonly prepared: PreparedProfile;
  /** Types that count since the start of the process, and were left out. */
  readonly cumulative: readonly string[];
}

/** Decodes bodies, here or elsewhere. */
export interface Decoder {
  /** @throws UserError with what is wrong with the body */
  decode(job: DecodeJob): Promise<DecodedPush>;
}

/** @throws UserError */
export function runDecodeJob(job: DecodeJob): DecodedPush {
  const decoded = decodeBody(job.body, job);
  const { profile, cumulative } = nameTypes(decoded, job.sampleTypeConfig, job.profileName);
  return { profile: namesOf(profile), prepared: prepareProfile(job, profile), cumulative };
}

export const inlineDecoder: Decoder = { decode: async (job) => runDecodeJob(job) };

/** The profile without its samples, and without the bytes around its strings: what the store may want names from. */
function namesOf(profile: Profile): Profile {
  const nothing = new Uint32Array();
  const samples = { length: 0, stack: nothing, labels: nothing, values: [] };
  return { ...profile, strings: compacted(profile.strings), labelSets: [], samples };
}

/** Strings are ranges of a whole body, of which they are a small part. */
function compacted({ bytes, starts, ends }: StringTable): StringTable {
  let length = 0;
  for (let i = 0; i < starts.length; i++) length += ends[i] - starts[i];
  if (length * 2 > bytes.length) return new StringTable(bytes, starts, ends);
  const packed = new Uint8Array(length);
  const from = new Uint32Array(starts.length);
  const until = new Uint32Array(starts.length);
  let at = 0;
  for (let i = 0; i < starts.length; i++) {
    from[i] = at;
    packed.set(bytes.subarray(starts[i], ends[i]), at);
    at += ends[i] - starts[i];
    until[i] = at;
  }
  return new StringTable(packed, from, until);
}
