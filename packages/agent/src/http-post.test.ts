import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { post } from './http-post.ts';
import { parseServerUrl } from './server-url.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

/** What a server that answers with these bytes, one piece after the other, is taken to have said. */
async function answerOf(pieces: readonly string[], end = true) {
  let got = '';
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', async (data) => {
      got += data;
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (end) socket.end();
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const url = parseServerUrl(`http://127.0.0.1:${port}`);
  const answer = await post(url, '/x?y', { A: 'b\r\nEvil: 1' }, Buffer.from('body'), 700);
  return { ...answer, text: answer.body.toString(), got };
}

it.each([
  ['a length', ['HTTP/1.1 200 OK\r\nContent-', 'Length: 4\r\n\r\nab', 'cd'], 200, 'abcd'],
  [
    'chunks',
    ['HTTP/1.1 429 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r', '\n3;x=y\r\ncde\r\n0\r\n\r\n'],
    429,
    'abcde',
  ],
  ['the end of the connection', ['HTTP/1.0 500 Oh\r\n\r\nabc'], 500, 'abc'],
  ['100 Continue before', ['HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n'], 204, ''],
  ['a body that breaks off', ['HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nab'], 200, 'ab'],
])('reads %s', async (_, pieces, status, text) => {
  expect(await answerOf(pieces)).toMatchObject({ status, text });
});

it('sends one request, whatever is in its headers', async () => {
  const { got } = await answerOf(['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n']);
  expect(got).toMatch(/^POST \/x\?y HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/);
  expect(got).toContain('A: b  Evil: 1\r\n');
});

it.each([
  ['says nothing', [], false, /timed out/],
  ['says a byte now and then', ['H', 'T', 'T', 'P'], false, /timed out/],
  ['says nonsense', ['SSH-2.0\r\n\r\n'], true, /not an HTTP answer/],
  ['hangs up', [], true, /closed/],
])('gives up a server that %s', async (_, pieces, end, error) => {
  await expect(answerOf(pieces, end)).rejects.toThrow(error);
});
