import { StringTable } from '@everflame/profile';
import type { ErrorCode } from '../base/error-codes.ts';
import { UserError } from '../base/user-error.ts';
import type { DecodedPush } from './decode-job.ts';

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

type PackedPush = Omit<DecodedPush, 'profile'> & {
  readonly profile: Omit<DecodedPush['profile'], 'strings'>;
  /** A class does not travel: its columns do. */
  readonly strings: { readonly bytes: Uint8Array; readonly starts: Uint32Array; readonly ends: Uint32Array };
};

/** All columns in one buffer, which is handed over: one to allocate, to send and to collect, instead of twenty. */
export function pack(decoded: DecodedPush): { message: DecodeMessage; transfer: ArrayBuffer[] } {
  const { strings, ...profile } = decoded.profile;
  const { frames, stacks } = profile;
  const { prepared } = decoded;
  const columns: ArrayBufferView[] = [
    strings.bytes,
    strings.starts,
    strings.ends,
    stacks.offsets,
    stacks.frames,
  ];
  for (const column of Object.values(frames)) if (ArrayBuffer.isView(column)) columns.push(column);
  columns.push(prepared.frameIds, prepared.stackIds);
  for (const row of prepared.rows) columns.push(row.stacks, row.values);
  const suitcase = new Suitcase(columns);
  const { bytes, starts, ends } = strings;
  const packed: PackedPush = {
    cumulative: decoded.cumulative,
    strings: {
      bytes: suitcase.bytes(bytes),
      starts: suitcase.words(starts),
      ends: suitcase.words(ends),
    },
    profile: {
      ...profile,
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
      stacks: {
        length: stacks.length,
        offsets: suitcase.words(stacks.offsets),
        frames: suitcase.words(stacks.frames),
      },
    },
    prepared: {
      ...prepared,
      frameIds: suitcase.words(prepared.frameIds),
      stackIds: suitcase.words(prepared.stackIds),
      rows: prepared.rows.map((row) => ({
        ...row,
        stacks: suitcase.unsigned(row.stacks),
        values: suitcase.signed(row.values),
      })),
    },
  };
  return { message: { kind: 'decoded', decoded: packed }, transfer: [suitcase.buffer] };
}

/** Copies columns into one buffer, each at a multiple of eight bytes. */
class Suitcase {
  readonly buffer: ArrayBuffer;
  readonly #all: Uint8Array;
  #at = 0;

  /** @param columns everything that will be packed: how much room it takes */
  constructor(columns: readonly ArrayBufferView[]) {
    this.buffer = new ArrayBuffer(columns.reduce((sum, { byteLength }) => sum + padded(byteLength), 0));
    this.#all = new Uint8Array(this.buffer);
  }

  bytes(column: Uint8Array): Uint8Array {
    return new Uint8Array(this.buffer, this.#put(column), column.length);
  }

  words(column: Uint32Array): Uint32Array {
    return new Uint32Array(this.buffer, this.#put(column), column.length);
  }

  unsigned(column: BigUint64Array): BigUint64Array {
    return new BigUint64Array(this.buffer, this.#put(column), column.length);
  }

  signed(column: BigInt64Array): BigInt64Array {
    return new BigInt64Array(this.buffer, this.#put(column), column.length);
  }

  #put({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
    const start = this.#at;
    this.#all.set(new Uint8Array(buffer, byteOffset, byteLength), start);
    this.#at += padded(byteLength);
    return start;
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** @throws UserError as it was thrown where the body was decoded */
export function unpack(message: DecodeMessage): DecodedPush {
  switch (message.kind) {
    case 'refused': {
      const { code, parameter } = message;
      throw new UserError(code, message.message, parameter === undefined ? {} : { parameter });
    }
    case 'failed':
      throw new Error(message.message);
    case 'decoded': {
      const { strings, profile, ...rest } = message.decoded;
      const table = new StringTable(strings.bytes, strings.starts, strings.ends);
      return { ...rest, profile: { ...profile, strings: table } };
    }
  }
}
