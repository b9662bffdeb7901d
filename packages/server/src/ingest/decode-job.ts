import type { Labels, Profile } from '@everflame/profile';
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
  return { profile: withoutSamples(profile), prepared: prepareProfile(job, profile), cumulative };
}

export const inlineDecoder: Decoder = { decode: async (job) => runDecodeJob(job) };

function withoutSamples(profile: Profile): Profile {
  const nothing = new Uint32Array();
  return { ...profile, labelSets: [], samples: { length: 0, stack: nothing, labels: nothing, values: [] } };
}
