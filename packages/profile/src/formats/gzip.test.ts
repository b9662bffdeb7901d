import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gunzip, gzip, isGzip } from './gzip.ts';

const text = new TextEncoder().encode('a;b;c 1\n'.repeat(20_000));

test('gunzip gives back what gzip packed, and what zlib packed', async () => {
  const packed = await gzip(text);
  expect(isGzip(packed)).toBe(true);
  expect(packed.length).toBeLessThan(text.length / 10);
  expect(Buffer.compare(await gunzip(packed, text.length), text)).toBe(0);
  expect(Buffer.compare(await gunzip(gzipSync(text), text.length), text)).toBe(0);
  expect(await gunzip(await gzip(new Uint8Array()), 0)).toEqual(new Uint8Array());
});

test('what unpacks to more than the limit is refused', async () => {
  const packed = gzipSync(text);
  await expect(gunzip(packed, text.length - 1)).rejects.toMatchObject({ code: 'too_large' });
});

test('a bomb is refused long before it is unpacked', async () => {
  const bomb = gzipSync(new Uint8Array(256 << 20));
  const before = process.memoryUsage().arrayBuffers;
  await expect(gunzip(bomb, 1 << 20)).rejects.toMatchObject({ code: 'too_large' });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
});

test('what is no gzip, broken or cut off is refused', async () => {
  await expect(gunzip(text, 1 << 20)).rejects.toMatchObject({ code: 'wrong_format' });
  const packed = gzipSync(text);
  await expect(gunzip(packed.subarray(0, packed.length - 9), 1 << 20)).rejects.toMatchObject({
    code: 'malformed',
  });
  const broken = Uint8Array.from(packed);
  broken[40] ^= 0xff;
  await expect(gunzip(broken, 1 << 20)).rejects.toMatchObject({ name: 'FormatError' });
});
