import { StringTable } from '@everflame/profile';
import type { ErrorCode } from '../base/error-codes.ts';
import { UserError } from '../base/user-error.ts';
import type { DecodedPush } from './decode-job.ts';

/** What a worker answers: columns are handed over, not copied. */
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

export function pack(decoded: DecodedPush): { message: DecodeMessage; transfer: ArrayBuffer[] } {
  const { strings, ...profile } = decoded.profile;
  const { bytes, starts, ends } = strings;
  const packed: PackedPush = { ...decoded, profile, strings: { bytes: owned(bytes), starts, ends } };
  const { frames, stacks } = profile;
  const { prepared } = decoded;
  const columns: ArrayBufferView[] = [
    ...Object.values(packed.strings),
    ...Object.values(frames).filter((column) => ArrayBuffer.isView(column)),
    stacks.offsets,
    stacks.frames,
    prepared.frameIds,
    prepared.stackIds,
    ...prepared.rows.flatMap((row) => [row.stacks, row.values]),
  ];
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer } of columns)
    if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) buffers.add(buffer);
  return { message: { kind: 'decoded', decoded: packed }, transfer: [...buffers] };
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

/** Bytes in a buffer of their own: small ones lie in a pool of the runtime, which cannot be handed over. */
function owned(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  return buffer.byteLength > 2 * bytes.byteLength || buffer.byteLength <= Buffer.poolSize
    ? Uint8Array.from(bytes)
    : new Uint8Array(buffer, bytes.byteOffset, bytes.byteLength);
}
