import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createHttpsServer, get as getHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from './support/certificate.ts';
import { freePort, Program } from './support/programs.ts';
import { EVERFLAME, TestServer, until } from './support/server.ts';

const INGEST = 'ingest-secret-of-the-tests';
const READ = 'read-secret-of-the-tests';
const ADMIN = 'admin-secret-of-the-tests';
const SLOW = 'slow-secret-of-the-tests';
const SECRETS = [INGEST, READ, ADMIN, SLOW];

const TOKENS = `tokens:
  - {name: agents, token: ${INGEST}, scope: ingest}
  - {name: people, token: ${READ}, scope: read}
  - {name: owner, token: ${ADMIN}, scope: admin}
  - {name: slow, token: ${SLOW}, scope: [ingest, read], rate_limit: {per_second: 0.5, burst: 2}}
`;

const dir = mkdtempSync(join(tmpdir(), 'everflame-doors-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (token: string) => ({
  authorization: `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`,
});

async function ask(server: TestServer, method: string, path: string, headers: Record<string, string> = {}) {
  const body = method === 'POST' ? 'main;work 3\n' : undefined;
  const response = await fetch(server.url + path, { method, headers, ...(body && { body }) });
  const text = await response.text();
  const code = /"code":"(\w+)"/.exec(text)?.[1];
  return { status: response.status, headers: response.headers, text, code };
}

describe('a server with tokens', () => {
  let server: TestServer;
  const file = join(dir, 'tokens.yaml');

  beforeAll(async () => {
    writeFileSync(file, TOKENS);
    server = await TestServer.start({ args: ['--tokens-file', file, '--log-level', 'debug'] });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  it('refuses every route of its OpenAPI document without a token, and lets in those with the right one', async () => {
    const document = JSON.parse((await ask(server, 'GET', '/openapi.json', bearer(READ))).text);
    const routes: [method: string, path: string, open: boolean][] = [];
    for (const [path, methods] of Object.entries<Record<string, { security?: unknown[] }>>(document.paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        routes.push([method.toUpperCase(), path.replace('{name}', 'host'), security?.length === 0]);
      }
    }
    expect(routes.length).toBeGreaterThan(12);
    const needs: Record<string, string> = {};
    for (const [method, path, isOpen] of routes) {
      const url = `${path}${method === 'GET' ? '' : `?name=door&query=${encodeURIComponent('nothing-here')}&dry_run=true`}`;
      const codes = [];
      for (const headers of [
        {},
        bearer('a-token-that-nobody-knows'),
        bearer(INGEST),
        bearer(READ),
        bearer(ADMIN),
      ]) {
        const { code, headers: answered } = await ask(server, method, url, headers);
        if (code === 'unauthorized' && !isOpen) {
          expect(answered.get('www-authenticate')).toBe('Bearer realm="Everflame"');
        }
        codes.push(code === 'unauthorized' ? '401' : code === 'forbidden' ? '403' : 'in');
      }
      needs[`${method} ${path}`] = codes.join(' ');
    }
    const expected = Object.fromEntries(
      routes.map(([method, path, isOpen]) => {
        const route = `${method} ${path}`;
        if (isOpen) return [route, 'in in in in in'];
        if (route.startsWith('POST /ingest')) return [route, '401 401 in 403 in'];
        return [route, method === 'GET' ? '401 401 403 in in' : '401 401 403 403 in'];
      }),
    );
    expect(needs).toEqual(expected);
    expect(
      routes
        .filter(([, , isOpen]) => isOpen)
        .map(([method, path]) => `${method} ${path}`)
        .sort(),
    ).toEqual([
      'DELETE /api/v1/session',
      'GET /api/v1/session',
      'GET /healthz',
      'GET /readyz',
      'POST /api/v1/session',
    ]);
  });

  it('is not talked round by another spelling of an address', async () => {
    const { hostname, port } = new URL(server.url);
    const status = (method: string, path: string) =>
      new Promise<number>((found, failed) => {
        const asked = request({ hostname, port, method, path }, (response) => {
          response.resume();
          found(response.statusCode ?? 0);
        });
        asked.on('error', failed).end();
      });
    expect(await status('HEAD', '/api/v1/services')).toBe(401);
    expect(await status('GET', '/%61pi/v1/services')).toBe(401);
    expect(await status('GET', '/api/v1/services?x=/healthz')).toBe(401);
    for (const path of [
      '//api/v1/services',
      '/api/v1/services/',
      '/API/v1/services',
      '/healthz/../api/v1/services',
      '/x/..%2fapi/v1/services',
      '/api/v1/services;/healthz',
      '/../../../../etc/passwd',
      '/..%2f..%2f..%2fpackage.json',
    ]) {
      expect([400, 401, 403, 404], path).toContain(await status('GET', path));
    }
    expect(await status('POST', '/healthz')).not.toBe(200);
  });

  it('takes the password of HTTP Basic as a token, as Pyroscope’s SDKs send it', async () => {
    const pushed = await ask(server, 'POST', '/ingest?name=basic', basic(INGEST));
    expect([pushed.status, JSON.parse(pushed.text).status]).toEqual([200, 'stored']);
    expect((await ask(server, 'POST', '/ingest?name=basic', basic('wrong'))).code).toBe('unauthorized');
    const stored = await ask(server, 'GET', '/data?query=basic', basic(READ));
    expect(JSON.parse(stored.text).value).toBe(3e7);
  });

  it('stores nothing of a push that it refused', async () => {
    for (const headers of [{}, bearer(READ), bearer(`${INGEST}x`), bearer(INGEST.slice(0, -1)), bearer('')]) {
      expect((await ask(server, 'POST', '/ingest?name=refused', headers)).status).toBeGreaterThanOrEqual(401);
    }
    const { services } = JSON.parse((await ask(server, 'GET', '/api/v1/services', bearer(READ))).text);
    expect(services.map(({ service }: { service: string }) => service)).not.toContain('refused');
  });

  it('limits the rate of a token that says so, and of no other', async () => {
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push(await ask(server, 'GET', '/api/v1/status', bearer(SLOW)));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429, 429]);
    expect(statuses[3].code).toBe('rate_limited');
    const wait = Number(statuses[3].headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(2);
    expect((await ask(server, 'GET', '/api/v1/status', bearer(READ))).status).toBe(200);
    await new Promise((over) => setTimeout(over, wait * 1000 + 100));
    expect((await ask(server, 'GET', '/api/v1/status', bearer(SLOW))).status).toBe(200);
  });

  it('signs in with a cookie that reads and nothing else, and out again', async () => {
    const signIn = (token: string) =>
      fetch(`${server.url}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      });
    expect((await signIn('a-token-that-nobody-knows')).status).toBe(401);
    expect((await signIn(INGEST)).status).toBe(403);
    const answer = await signIn(ADMIN);
    expect(await answer.json()).toEqual({ needed: true, signedIn: true });
    const set = answer.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/^everflame_session=v1\.\S+; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(set).not.toContain(ADMIN);
    const cookie = { cookie: set.split(';')[0] };

    expect(JSON.parse((await ask(server, 'GET', '/api/v1/session', cookie)).text).signedIn).toBe(true);
    expect((await ask(server, 'GET', '/api/v1/services', cookie)).status).toBe(200);
    // A proxy in front may have taken a password of its own.
    expect((await ask(server, 'GET', '/api/v1/services', { ...cookie, ...basic('of-a-proxy') })).status).toBe(
      200,
    );
    expect((await ask(server, 'POST', '/ingest?name=cookie', cookie)).code).toBe('forbidden');
    expect((await ask(server, 'DELETE', '/api/v1/profiles?query=x', cookie)).code).toBe('forbidden');
    const elsewhere = { ...cookie, 'sec-fetch-site': 'cross-site' };
    expect((await ask(server, 'DELETE', '/api/v1/session', elsewhere)).code).toBe('cross_site');

    const out = await ask(server, 'DELETE', '/api/v1/session', cookie);
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await ask(server, 'GET', '/api/v1/services', cookie)).code).toBe('unauthorized');
  });

  it('follows the file while it runs: a new token in, an old one out, a broken file nothing', async () => {
    const renewed = 'renewed-secret-of-the-tests';
    const status = async (token: string) =>
      (await ask(server, 'GET', '/api/v1/status', bearer(token))).status;
    // As a mounted secret changes: another file under the same name.
    writeFileSync(`${file}.new`, TOKENS.replace(READ, renewed));
    renameSync(`${file}.new`, file);
    await until('the new token', 10, async () => (await status(renewed)) === 200);
    expect(await status(READ)).toBe(401);
    writeFileSync(file, 'tokens: [');
    await until('a complaint', 10, async () => server.log.includes('is no YAML'));
    expect(await status(renewed)).toBe(200);
    writeFileSync(file, TOKENS);
    await until('the old token again', 10, async () => (await status(READ)) === 200);
    expect(await status(renewed)).toBe(401);
  });

  it('answers at once, however long a time is written', async () => {
    const spaces = '+'.repeat(7000);
    const started = performance.now();
    const { code } = await ask(server, 'GET', `/api/v1/services?from=now${spaces}1h${spaces}x`, bearer(READ));
    expect(code).toBe('bad_parameter');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('says who did what in its log, and never a secret', () => {
    expect(server.log).toContain('"token":"people"');
    expect(server.log).toContain('"code":"forbidden"');
    expect(server.log).not.toContain('Server listening');
    for (const secret of [...SECRETS, 'a-token-that-nobody-knows']) {
      expect(server.log).not.toContain(secret);
      expect(server.log).not.toContain(Buffer.from(`anybody:${secret}`).toString('base64'));
    }
    expect(server.log).not.toContain('everflame_session=');
  });
});

it('takes tokens from the environment, several at a time, and then listens beyond this machine', async () => {
  await using server = await TestServer.start({
    args: ['--listen', '0.0.0.0:0'],
    env: { EVERFLAME_INGEST_TOKEN: `${INGEST},${SLOW}`, EVERFLAME_READ_TOKEN: READ },
  });
  expect((await ask(server, 'POST', '/ingest?name=env', bearer(SLOW))).status).toBe(200);
  expect((await ask(server, 'GET', '/api/v1/status')).status).toBe(401);
  expect((await ask(server, 'GET', '/api/v1/status', bearer(READ))).status).toBe(200);
  expect((await ask(server, 'GET', '/healthz')).status).toBe(200);
  expect(server.log).toContain('in the clear');
});

it.each([
  [['--listen', '0.0.0.0:0'], {}, '--tokens-file'],
  [['--tokens-file', '/nowhere.yaml'], {}, '/nowhere.yaml cannot be read'],
  [[], { EVERFLAME_READ_TOKEN: 'short' }, 'EVERFLAME_READ_TOKEN: a token must have 16 characters'],
  [['--tls-cert', '/nowhere.crt'], {}, 'there is a certificate but no key'],
  [['--tls-cert', '/nowhere.crt', '--tls-key', '/nowhere.key'], {}, '/nowhere.crt cannot be read'],
])('does not start with %j %j', (args, env, mentions) => {
  const data = join(dir, 'never');
  const refused = spawnSync(
    process.execPath,
    [EVERFLAME, 'serve', '--data', data, '--listen', '127.0.0.1:0', ...args],
    { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } },
  );
  expect(refused.stderr).toContain(mentions);
  expect(refused.stderr).not.toContain('short"');
  expect(refused.status).toBe(2);
});

describe('TLS', () => {
  const page = (url: string, ca: string) =>
    new Promise<{ status: number; body: string }>((found, failed) => {
      const request = getHttps(`${url}/api/v1/status`, { ca: readFileSync(ca), agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => found({ status: response.statusCode ?? 0, body }));
      });
      request.on('error', failed);
    });

  const handshake = (url: string, version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<string | null>((found, failed) => {
      const { hostname, port } = new URL(url);
      // Node itself refuses versions as old as 1.1 unless it is told that security does not matter.
      const ciphers = 'DEFAULT@SECLEVEL=0';
      const options = { host: hostname, port: Number(port), rejectUnauthorized: false, ciphers };
      const socket: TLSSocket = connect({ ...options, minVersion: version, maxVersion: version }, () => {
        found(socket.getProtocol());
        socket.destroy();
      });
      socket.on('error', failed);
    });

  it('is served from 1.2 on, says https, and takes a renewed certificate at SIGHUP', async () => {
    const { cert, key } = makeCertificate(dir, 'first');
    await using server = await TestServer.start({ args: ['--tls-cert', cert, '--tls-key', key] });
    expect(server.url).toMatch(/^https:/);
    expect(server.log).toContain(`everflame-run --server ${server.url}`);
    const answer = await page(server.url, cert);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body).server).toBe(server.url);
    expect(await handshake(server.url, 'TLSv1.2')).toBe('TLSv1.2');
    expect(await handshake(server.url, 'TLSv1.3')).toBe('TLSv1.3');
    await expect(handshake(server.url, 'TLSv1.1')).rejects.toThrow();
    // The client would have spoken it: a server that takes anything is spoken to.
    const files = { cert: readFileSync(cert), key: readFileSync(key) };
    const lax = createHttpsServer({ ...files, minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    const laxPort = await freePort();
    await new Promise<void>((listening) => lax.listen(laxPort, '127.0.0.1', listening));
    expect(await handshake(`https://127.0.0.1:${laxPort}`, 'TLSv1.1')).toBe('TLSv1.1');
    lax.close();
    await expect(fetch(server.url.replace('https', 'http'))).rejects.toThrow();

    const old = join(dir, 'old.crt');
    writeFileSync(old, readFileSync(cert));
    writeFileSync(cert, 'half of a certificate');
    server.process.kill('SIGHUP');
    await until('a complaint', 10, async () => server.log.includes('holds no certificate'));
    expect((await page(server.url, old)).status).toBe(200);
    makeCertificate(dir, 'second');
    server.process.kill('SIGHUP');
    await until('the new certificate', 10, async () => server.log.includes('the certificate was read again'));
    expect((await page(server.url, cert)).status).toBe(200);
    await expect(page(server.url, old)).rejects.toThrow(/certificate/);
    expect(await server.end()).toBe(0);
  });

  it('is what a collector pushes through, with a token from a file and an authority of its own', async () => {
    const { cert, key } = makeCertificate(dir, 'collected');
    const tokens = join(dir, 'collected.yaml');
    const secret = join(dir, 'secret');
    writeFileSync(tokens, TOKENS);
    writeFileSync(secret, `${INGEST}\n`);
    await using server = await TestServer.start({
      args: ['--tls-cert', cert, '--tls-key', key, '--tokens-file', tokens],
    });
    const port = await freePort();
    const sampler = createServer((_request, response) =>
      response.end('elapsed 1.0\ngranularity 0.005\nmain(app) 7\n'),
    );
    await new Promise<void>((listening) => sampler.listen(port, '127.0.0.1', listening));
    const collect = (token: string, env: Record<string, string>) =>
      new Program(
        process.execPath,
        [EVERFLAME, 'collect', '--host', '127.0.0.1', '--ports', String(port), '--interval', '1'].concat([
          '--server',
          server.url,
          '--token-file',
          token,
          '--log-level',
          'trace',
        ]),
        env,
      );
    try {
      const trusting = { NODE_EXTRA_CA_CERTS: cert };
      const wrong = join(dir, 'wrong-secret');
      writeFileSync(wrong, 'a-token-that-nobody-knows');
      await using refused = collect(wrong, trusting);
      await until('a refusal', 20, async () => refused.output.includes('answered 401'));
      await using suspicious = collect(secret, {});
      await until('a suspicion', 20, async () => suspicious.output.includes('self-signed certificate'));
      await using collector = collect(secret, trusting);
      await until('a profile', 20, async () => {
        const found = await new Promise<string>((done, failed) => {
          const options = { ca: readFileSync(cert), headers: bearer(READ) };
          getHttps(`${server.url}/data?query=nylas`, options, (response) => {
            let body = '';
            response.on('data', (chunk) => {
              body += chunk;
            });
            response.on('end', () => done(body));
          }).on('error', failed);
        });
        return JSON.parse(found).value > 0;
      });
      for (const program of [refused, suspicious, collector]) await program.end();
      const all = refused.output + suspicious.output + collector.output + server.log;
      for (const one of [INGEST, 'a-token-that-nobody-knows']) expect(all).not.toContain(one);
    } finally {
      sampler.close();
    }
  });

  it('has tokens that a header can carry, or does not start: the error would show them', () => {
    const secret = join(dir, 'two-lines');
    writeFileSync(secret, 'first-secret-line\nsecond-secret-line');
    const refused = spawnSync(process.execPath, [EVERFLAME, 'collect', '--token-file', secret], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(refused.stderr).toContain('token-file: holds no token');
    expect(refused.stderr).not.toContain('secret-line');
    expect(refused.status).toBe(2);
  });
});
