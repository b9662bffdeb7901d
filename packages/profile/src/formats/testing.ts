/** What the tests of several formats ask of a profile. */

import { type Frame, stackAt } from '../model/frame.ts';
import type { Profile } from '../model/profile.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/**
 * Protobuf from text: `1:{1:5 2:-1} 2:[1 2 3] 6:"main"` is a message with two numbers, a packed list and a string,
 * after the manner of protoscope (https://github.com/protocolbuffers/protoscope).
 */
export function protobuf(text: string): Uint8Array {
  const out = new ProtobufWriter();
  const opened: number[] = [];
  for (const token of text.match(/\d+:"[^"]*"|\d+:[{[]|[\]}]|[^\s\]}]+/g) ?? []) {
    const [, field, value] = /^(?:(\d+):)?(.*)$/s.exec(token) ?? [];
    if (value === ']' || value === '}') out.end(opened.pop() ?? 0);
    else if (value === '[' || value === '{') opened.push(out.begin(Number(field)));
    else if (value.startsWith('"')) out.bytes(Number(field), new TextEncoder().encode(value.slice(1, -1)));
    else if (field) out.int64(Number(field), integer(value));
    else out.varint64(integer(value));
  }
  return out.finish();
}

function integer(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

/** Throws where an index of the profile points at nothing, or a column is too short. */
export function checkProfile(profile: Profile): void {
  const { strings, frames, stacks, samples, labelSets, types } = profile;
  const check = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`profile: ${what}`);
  };
  const below = (column: Uint32Array, limit: number, length: number, what: string) => {
    check(column.length === length, `${what} has ${column.length} entries instead of ${length}`);
    for (const index of column) if (!(index < limit)) check(false, `${what} has ${index}, of ${limit}`);
  };
  for (let i = 0; i < strings.length; i++) {
    check(strings.starts[i] <= strings.ends[i] && strings.ends[i] <= strings.bytes.length, `string ${i}`);
  }
  check(strings.length > 0 && strings.get(0) === '', 'string 0 is not empty');
  for (const column of ['function', 'systemName', 'file', 'module', 'buildId'] as const) {
    below(frames[column], strings.length, frames.length, column);
  }
  for (const column of ['line', 'startLine', 'address', 'inlined'] as const) {
    check(frames[column].length === frames.length, `${column} has ${frames[column].length} entries`);
  }
  below(stacks.frames, frames.length, stacks.frames.length, 'stacks.frames');
  check(stacks.offsets.length === stacks.length + 1, 'stacks.offsets');
  check(stacks.offsets[0] === 0 && stacks.offsets[stacks.length] === stacks.frames.length, 'ends of stacks');
  for (let i = 0; i < stacks.length; i++) check(stacks.offsets[i] <= stacks.offsets[i + 1], `stack ${i}`);
  below(samples.stack, stacks.length, samples.length, 'samples.stack');
  below(samples.labels, labelSets.length, samples.length, 'samples.labels');
  check(samples.values.length === types.length, 'columns of values');
  for (const column of samples.values) check(column.length === samples.length, 'a column of values');
  check(profile.defaultType < Math.max(types.length, 1), 'defaultType');
}

export interface PlainSample {
  readonly stack: readonly Frame[];
  readonly values: readonly bigint[];
  readonly text: Readonly<Record<string, string>>;
  readonly numbers: Readonly<Record<string, { readonly value: bigint; readonly unit: string }>>;
}

/** A profile without its indices: two that say the same are deeply equal. */
export function plainProfile(profile: Profile) {
  const { samples, labelSets, strings: _, frames: __, stacks: ___, ...rest } = profile;
  const plain = Array.from(
    { length: samples.length },
    (_, i): PlainSample => ({
      stack: stackAt(profile, samples.stack[i]),
      values: samples.values.map((column) => column[i]),
      text: labelSets[samples.labels[i]].text,
      numbers: labelSets[samples.labels[i]].numbers,
    }),
  );
  return { ...rest, samples: plain };
}

/** Each stack as `root;…;leaf` with its values. */
export function stackLines(profile: Profile): string[] {
  return plainProfile(profile).samples.map(
    ({ stack, values }) => `${stack.map((frame) => frame.function).join(';')} ${values.join(' ')}`,
  );
}
