import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtobufReader, WIRE_BYTES, WIRE_VARINT } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

function reader(...bytes: number[]): ProtobufReader {
  return new ProtobufReader(Uint8Array.from(bytes), 'test');
}

test('numbers of 64 bits are read as they were written', () => {
  const value = fc.oneof(
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    fc.integer({ min: 0, max: 63 }).chain((bit) => fc.bigInt(2n ** BigInt(bit) - 2n, 2n ** BigInt(bit) + 1n)),
  );
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const out = new ProtobufWriter(1);
      for (const value of values) out.int64(3, value);
      const bytes = out.finish();
      const read = new ProtobufReader(bytes, 'test');
      const back: bigint[] = [];
      while (read.more) {
        expect(read.field()).toBe((3 << 3) | WIRE_VARINT);
        back.push(read.int64());
      }
      expect(back).toEqual(values.map((value) => BigInt.asIntN(64, value)));
    }),
  );
});

test('messages within messages are written with their lengths, however long they are', () => {
  for (const length of [0, 1, 127, 128, 16_383, 16_384, 2_097_152]) {
    const out = new ProtobufWriter(1);
    const outer = out.begin(1);
    const inner = out.begin(2);
    for (let i = 0; i < length; i++) out.varint(i & 0x7f);
    out.end(inner);
    out.end(outer);
    const read = new ProtobufReader(out.finish(), 'test');
    expect(read.find((1 << 3) | WIRE_BYTES)).toBe(true);
    const end = read.enter();
    expect(read.find((2 << 3) | WIRE_BYTES)).toBe(true);
    expect(read.contentEnd - read.pos).toBe(length);
    expect(read.contentEnd).toBe(end);
  }
});

test('numbers may be written longer than they need be, but not past 64 bits', () => {
  expect(reader(0x85, 0x80, 0x80, 0x00).varint()).toBe(5);
  const largest = reader(...Array(9).fill(0xff), 0x01);
  largest.varint();
  expect(largest.int64()).toBe(-1n);
  expect(() => reader(...Array(9).fill(0xff), 0x02).varint()).toThrow('more than 64 bits');
  expect(() => reader(...Array(11).fill(0x80)).varint()).toThrow('more than 64 bits');
});

test.each([
  ['a number that is cut off', [0x08, 0x80]],
  ['a tag without anything', [0x08]],
  ['a length past the end', [0x0a, 0x05, 0x01]],
  ['a length of 1 GiB', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x04]],
  ['a length of 2^63', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ['field 0', [0x00, 0x01]],
  ['a field number past 29 bits', [0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x01]],
  ['a group', [0x0b, 0x0c]],
  ['wire type 7', [0x0f, 0x01]],
  ['fixed64 that is cut off', [0x09, 1, 2, 3, 4, 5, 6, 7]],
  ['fixed32 that is cut off', [0x0d, 1, 2, 3]],
])('%s is malformed', (_, bytes) => {
  const read = reader(...bytes);
  expect(() => read.find(0x7fff)).toThrow(expect.objectContaining({ code: 'malformed', format: 'test' }));
});

test('fields that are not known are passed over, of all wire types', () => {
  const read = reader(
    0x08,
    0x96,
    0x01,
    0x11,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    0x1a,
    2,
    0,
    0,
    0x25,
    1,
    2,
    3,
    4,
    0x28,
    7,
  );
  expect(read.find((5 << 3) | WIRE_VARINT)).toBe(true);
  expect(read.number()).toBe(7);
  expect(read.more).toBe(false);
});
