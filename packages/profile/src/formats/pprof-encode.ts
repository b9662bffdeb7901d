import type { Profile, SampleLabels } from '../model/profile.ts';
import { inferProfileType, type ProfileType } from '../model/profile-type.ts';
import { EncodedLocations } from './pprof-encode-locations.ts';
import { LABEL, PROFILE, SAMPLE, VALUE_TYPE } from './pprof-schema.ts';
import { PprofStrings } from './pprof-strings.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/**
 * Encodes a profile as pprof (https://github.com/google/pprof/blob/main/proto/profile.proto), not gzipped.
 *
 * What `decodePprof` makes of it is the same profile, but for what pprof has no place for: the name of a type that
 * does not follow from its sample and period types, address and build id of a frame that has a function name, and
 * which of two value types of the same name is the default.
 */
export function encodePprof(profile: Profile): Uint8Array {
  const { types, samples, stacks } = profile;
  const out = new ProtobufWriter(64 << 10);
  const strings = new PprofStrings(profile.strings);
  const locations = new EncodedLocations(profile, strings);

  for (const { sampleType, sampleUnit } of types) {
    writeValueType(out, PROFILE.sampleType, strings, sampleType, sampleUnit);
  }
  const valueWords = samples.values.map(
    (column) => new Uint32Array(column.buffer, column.byteOffset, column.length * 2),
  );
  for (let i = 0; i < samples.length; i++) {
    const message = out.begin(PROFILE.sample);
    const stack = samples.stack[i];
    if (stacks.offsets[stack + 1] > stacks.offsets[stack]) {
      const ids = out.begin(SAMPLE.locationId);
      locations.writeIds(out, stack);
      out.end(ids);
    }
    const values = out.begin(SAMPLE.value);
    for (const words of valueWords) out.varint(words[i * 2], words[i * 2 + 1]);
    out.end(values);
    writeLabels(out, strings, profile.labelSets[samples.labels[i]]);
    out.end(message);
  }
  locations.writeTables(out);

  const period = periodTypeOf(types);
  const comments = profile.comments.map((comment) => strings.ofText(comment));
  const dropFrames = strings.ofText(profile.dropFrames);
  const keepFrames = strings.ofText(profile.keepFrames);
  const defaultType = strings.ofText(defaultSampleType(profile));
  writeValueType(out, PROFILE.periodType, strings, period.periodType, period.periodUnit);
  strings.write(out);
  out.field(PROFILE.dropFrames, dropFrames);
  out.field(PROFILE.keepFrames, keepFrames);
  out.int64(PROFILE.timeNanos, profile.startNanos);
  out.int64(PROFILE.durationNanos, profile.durationNanos);
  out.int64(PROFILE.period, profile.period);
  for (const comment of comments) {
    out.varint(PROFILE.comment << 3);
    out.varint(comment);
  }
  out.field(PROFILE.defaultSampleType, defaultType);
  return out.finish();
}

function writeValueType(
  out: ProtobufWriter,
  field: number,
  strings: PprofStrings,
  type: string,
  unit: string,
): void {
  const message = out.begin(field);
  out.field(VALUE_TYPE.type, strings.ofText(type));
  out.field(VALUE_TYPE.unit, strings.ofText(unit));
  out.end(message);
}

function writeLabels(out: ProtobufWriter, strings: PprofStrings, labels: SampleLabels): void {
  for (const [key, text] of Object.entries(labels.text)) {
    if (text === '') continue;
    const message = out.begin(SAMPLE.label);
    out.field(LABEL.key, strings.ofText(key));
    out.field(LABEL.str, strings.ofText(text));
    out.end(message);
  }
  for (const [key, { value, unit }] of Object.entries(labels.numbers)) {
    const message = out.begin(SAMPLE.label);
    out.field(LABEL.key, strings.ofText(key));
    out.int64(LABEL.num, value);
    out.field(LABEL.numUnit, strings.ofText(unit));
    out.end(message);
  }
}

/** pprof has one period type for all value types: the one from which the decoder infers all of them again. */
function periodTypeOf(types: readonly ProfileType[]): Pick<ProfileType, 'periodType' | 'periodUnit'> {
  const infersAll = ({ periodType, periodUnit }: Pick<ProfileType, 'periodType' | 'periodUnit'>) =>
    types.every((type) => {
      const inferred = inferProfileType(type.sampleType, type.sampleUnit, periodType, periodUnit);
      return inferred.periodType === type.periodType && inferred.periodUnit === type.periodUnit;
    });
  const none = { periodType: '', periodUnit: '' };
  return types.find(infersAll) ?? types[0] ?? none;
}

/** The name of the default type; none where it is the last, which is the default without saying. */
function defaultSampleType({ types, defaultType }: Profile): string {
  return defaultType === types.length - 1 ? '' : (types[defaultType]?.sampleType ?? '');
}
