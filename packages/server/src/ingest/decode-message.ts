import { StringTable } from '@everflame/profile';
import type { ErrorCode } from '../base/error-codes.ts';
import { UserError } from '../base/user-error.ts';
import type { NewNames } from '../store/new-names.ts';
import type { PreparedProfile } from '../store/series-rows.ts';
import type { SpanSamples } from '../store/spans.ts';
import type { DecodedPush } from './decode-job.ts';
import { Suitcase } from './suitcase.ts';

/** What a worker answers. */
export type DecodeMessage =
  | { readonly kind: 'decoded'; readonly decoded: PackedPush }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly parameter?: string;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** A decoded push without methods, as another thread gets it. */
type PackedPush = Omit<DecodedPush, 'prepared'> & {
  readonly prepared: Omit<PreparedProfile, 'names'>;
  /** Only its epoch and so on where nothing is new, which is the rule. */
  readonly names: PackedNames;
};

type PackedNames = Omit<NewNames, 'strings'> & {
  readonly strings: { readonly bytes: Uint8Array; readonly starts: Uint32Array; readonly ends: Uint32Array };
};

/** All columns in one buffer, which is handed over. */
export function pack(decoded: DecodedPush): { message: DecodeMessage; transfer: ArrayBuffer[] } {
  const { names, ...prepared } = decoded.prepared;
  const suitcase = new Suitcase(columnsOf(decoded.prepared));
  const packed: PackedPush = {
    window: decoded.window,
    cumulative: decoded.cumulative,
    prepared: {
      ...prepared,
      rows: prepared.rows.map((row) => ({
        ...row,
        stacks: suitcase.unsigned(row.stacks),
        values: suitcase.signed(row.values),
        ...(row.spans && { spans: packedSpans(row.spans, suitcase) }),
      })),
    },
    names: packedNames(names, suitcase),
  };
  return { message: { kind: 'decoded', decoded: packed }, transfer: [suitcase.buffer] };
}

function columnsOf({ rows, names }: PreparedProfile): ArrayBufferView[] {
  const { strings, frames } = names;
  const columns: ArrayBufferView[] = rows.flatMap((row) => [
    row.stacks,
    row.values,
    ...(row.spans ? Object.values(row.spans) : []),
  ]);
  columns.push(names.stackIds, names.stackOffsets, names.stackFrames, names.frameIds);
  columns.push(strings.bytes, strings.starts, strings.ends);
  for (const column of Object.values(frames)) if (ArrayBuffer.isView(column)) columns.push(column);
  return columns;
}

function packedSpans(spans: SpanSamples, suitcase: Suitcase): SpanSamples {
  return {
    ids: suitcase.unsigned(spans.ids),
    tracesHigh: suitcase.unsigned(spans.tracesHigh),
    tracesLow: suitcase.unsigned(spans.tracesLow),
    stacks: suitcase.unsigned(spans.stacks),
    values: suitcase.signed(spans.values),
  };
}

function packedNames(names: NewNames, suitcase: Suitcase): PackedNames {
  const { strings, frames } = names;
  return {
    ...names,
    stackIds: suitcase.words(names.stackIds),
    stackOffsets: suitcase.words(names.stackOffsets),
    stackFrames: suitcase.unsigned(names.stackFrames),
    frameIds: suitcase.words(names.frameIds),
    frames: {
      length: frames.length,
      function: suitcase.words(frames.function),
      systemName: suitcase.words(frames.systemName),
      file: suitcase.words(frames.file),
      module: suitcase.words(frames.module),
      buildId: suitcase.words(frames.buildId),
      line: suitcase.words(frames.line),
      startLine: suitcase.words(frames.startLine),
      address: suitcase.unsigned(frames.address),
      inlined: suitcase.bytes(frames.inlined),
    },
    strings: {
      bytes: suitcase.bytes(strings.bytes),
      starts: suitcase.words(strings.starts),
      ends: suitcase.words(strings.ends),
    },
  };
}

/** @throws UserError as it was thrown where the body was decoded */
export function unpack(message: DecodeMessage): DecodedPush {
  switch (message.kind) {
    case 'failed':
      throw new Error(`decoding failed: ${message.message}`);
    case 'refused':
      throw new UserError(message.code, message.message, {
        ...(message.parameter !== undefined && { parameter: message.parameter }),
      });
    case 'decoded': {
      const { prepared, names, ...decoded } = message.decoded;
      const { bytes, starts, ends } = names.strings;
      const strings = new StringTable(bytes, starts, ends);
      return { ...decoded, prepared: { ...prepared, names: { ...names, strings } } };
    }
  }
}
