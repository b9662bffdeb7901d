import type { IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { decodePprof, encodeNylas, profileType } from '@everflame/profile';
import { describe, expect, it } from 'vitest';
import { parseAppName } from '../ingest/app-name.ts';
import type { Push } from '../store/push.ts';
import { HttpSink } from './http-sink.ts';
import { DeliveryError, TryLaterError } from './sink.ts';
import { listen, testPush } from './testing.ts';

interface Seen {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const never = new AbortController().signal;

async function listenAsServer(answer: { status: number; body?: string; headers?: Record<string, string> }) {
  const seen: Seen[] = [];
  const server = await listen(async (request, response) => {
    seen.push({
      url: new URL(request.url ?? '', 'http://server'),
      headers: request.headers,
      body: await buffer(request),
    });
    response.writeHead(answer.status, answer.headers).end(answer.body ?? '{}');
  });
  return { server, seen };
}

it('pushes as an agent does, and repeats a push under its own number', async () => {
  const { server, seen } = await listenAsServer({ status: 200 });
  await using _server = server;
  const sink = new HttpSink({ server: `${server.url}/`, token: 'secret' });
  const [first, second] = [testPush(1), testPush(2)];
  for (const push of [first, second, first]) await sink.write(push, never);
  const [one, two, again] = seen;
  expect(one.url.pathname).toBe('/ingest');
  expect(Object.fromEntries(one.url.searchParams)).toMatchObject({
    from: '1700000000000000000',
    until: '1700000001500000000',
    format: 'pprof',
  });
  expect(parseAppName(one.url.searchParams.get('name') ?? '')).toEqual({
    service: 'shop',
    labels: first.labels,
    profileName: undefined,
  });
  expect(one.headers).toMatchObject({
    'everflame-protocol': '1',
    'everflame-instance': expect.stringMatching(/^[0-9a-f]{32}$/),
    'everflame-sequence': '0',
    authorization: 'Bearer secret',
  });
  expect(encodeNylas(decodePprof(gunzipSync(one.body)))).toBe(encodeNylas(first.profile));
  expect(two.headers['everflame-sequence']).toBe('1');
  expect(again.headers['everflame-sequence']).toBe('0');
  expect([again.url.href, again.body]).toEqual([one.url.href, one.body]);
});

it('says the name of types that pprof cannot', async () => {
  const { server, seen } = await listenAsServer({ status: 200 });
  await using _server = server;
  const push = testPush(1);
  const types = [profileType('mutex', 'delay', 'nanoseconds', 'contentions', 'count')];
  const mutex: Push = { ...push, profile: { ...push.profile, types } };
  await new HttpSink({ server: server.url }).write(mutex, never);
  expect(parseAppName(seen[0].url.searchParams.get('name') ?? '').profileName).toBe('mutex');
});

describe('what a refusal means', () => {
  it.each([
    [400, '{"error":{"code":"bad_body","message":"no"}}', DeliveryError],
    [400, '{"error":{"code":"in_future","message":"no"}}', Error],
    [413, '', DeliveryError],
    [401, '', Error],
    [404, '', Error],
    [500, '', Error],
    [503, '', Error],
  ])('%i %s', async (status, body, kind) => {
    const { server } = await listenAsServer({ status, body });
    await using _server = server;
    const refused = await new HttpSink({ server: server.url })
      .write(testPush(1), never)
      .catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(kind);
    expect(refused instanceof DeliveryError).toBe(kind === DeliveryError);
    expect(String(refused)).toContain(`${server.url} answered ${status}`);
  });

  it('comes again when it is told to', async () => {
    const { server } = await listenAsServer({ status: 429, headers: { 'retry-after': '7' } });
    await using _server = server;
    const refused = await new HttpSink({ server: server.url })
      .write(testPush(1), never)
      .catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(TryLaterError);
    expect(refused).toMatchObject({ afterMs: 7000 });
  });

  it('tells why nobody answered', async () => {
    const gone = await listen(() => {});
    await gone[Symbol.asyncDispose]();
    await expect(new HttpSink({ server: gone.url }).write(testPush(1), never)).rejects.toThrow(
      `${gone.url} connect ECONNREFUSED`,
    );
  });

  it('follows no redirect, which would carry the token along', async () => {
    const { server, seen } = await listenAsServer({ status: 200 });
    await using _server = server;
    const elsewhere = await listenAsServer({ status: 307, headers: { location: server.url } });
    await using _elsewhere = elsewhere.server;
    await expect(
      new HttpSink({ server: elsewhere.server.url, token: 't' }).write(testPush(1), never),
    ).rejects.toThrow(/redirect/);
    expect(seen).toEqual([]);
  });
});
