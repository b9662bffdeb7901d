import { setTimeout as sleep } from 'node:timers/promises';
import { flameGraphOf, toPlainTree } from '@everflame/profile';
import { afterEach, expect, it } from 'vitest';
import { collectSchema } from './collect-config.ts';
import { Collector } from './collector.ts';
import { DeliveryError, type Sink } from './sink.ts';
import { countOf, listen, nylasText, RecordingSink, recordingLogger, silent, until } from './testing.ts';

const running: Collector[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((collector) => collector.stop()));
});

function collect(targets: unknown[], sink: Sink, logger = silent): Collector {
  const config = collectSchema.parse({ interval: '200ms', targets });
  const collector = new Collector({ targets: config.targets, sink, logger });
  collector.start();
  running.push(collector);
  return collector;
}

/** A sampler as nylas wrote it: what was counted since the last reset. */
function listenAsNylas(text = () => nylasText(4)) {
  return listen((request, response) => {
    expect(request.url).toBe('/?reset=true');
    response.setHeader('content-type', 'text/plain');
    response.end(text());
  });
}

it('polls with reset, labels, and places profiles in the time that they counted', async () => {
  await using target = await listenAsNylas();
  const sink = new RecordingSink();
  const { url } = target;
  const collector = collect(
    [{ kind: 'nylas', url: `${url}/?reset=true`, service: 'shop', labels: { env: 'prod' } }],
    sink,
  );
  await until('two polls', () => sink.pushes.length >= 2);
  const [push, next] = sink.pushes;
  expect(push).toMatchObject({
    service: 'shop',
    labels: { instance: new URL(url).host, sampler: 'nylas', language: 'python', env: 'prod' },
    durationNanos: 1_500_000_000n,
  });
  const end = Number((push.startNanos + push.durationNanos) / 1_000_000n);
  expect(Math.abs(Date.now() - end)).toBeLessThan(20_000);
  expect(push.identity).not.toBe(next.identity);
  expect(toPlainTree(flameGraphOf(push.profile)).children[0]).toMatchObject({
    name: 'main(__main__)',
    value: 25_000_000,
    self: 5_000_000,
  });
  expect(collector.targets()).toMatchObject([{ url, state: 'up', lastError: null, intervalSeconds: 0.2 }]);
  expect(collector.targets()[0].lastSuccess).toBeGreaterThan(Date.now() - 20_000);
});

it('keeps the hours that a sampler counted before the collector came, six days of them at the most', async () => {
  await using hours = await listenAsNylas(() => nylasText(1, '36000.5'));
  await using month = await listenAsNylas(() => nylasText(1, '2592000.0'));
  const sink = new RecordingSink();
  collect(
    [hours, month].map(({ url }) => ({ kind: 'nylas', url })),
    sink,
  );
  const from = (url: string) => sink.pushes.find(({ labels }) => url.endsWith(labels.instance));
  await until('both', () => from(hours.url) !== undefined && from(month.url) !== undefined);
  expect(from(hours.url)?.durationNanos).toBe(36_000_500_000_000n);
  expect(from(month.url)?.durationNanos).toBe(6n * 86_400_000_000_000n);
});

it('is not delayed by targets that are slow or dead or talk nonsense, and says what is wrong', async () => {
  await using good = await listenAsNylas();
  await using slow = await listen(() => {});
  await using dripping = await listen((_request, response) => {
    const drip = setInterval(() => response.write('elapsed'), 50);
    response.on('close', () => clearInterval(drip));
  });
  await using rubbish = await listen((_request, response) => response.end('<html>hello</html>'));
  await using broken = await listen((_request, response) => {
    response.statusCode = 500;
    response.end('no\nmore');
  });
  await using redirecting = await listen((_request, response) => {
    response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
  });
  const gone = await listen(() => {});
  await gone[Symbol.asyncDispose]();
  const sink = new RecordingSink();
  const { logger, lines } = recordingLogger();
  const all = [good, slow, dripping, rubbish, broken, redirecting, gone];
  const collector = collect(
    all.map(({ url }) => ({ kind: 'nylas', url, timeout: '500ms' })),
    sink,
    logger,
  );
  await until('all were tried', () => collector.targets().every(({ state }) => state !== 'pending'));
  const errors = collector.targets().map(({ lastError }) => lastError);
  expect(errors).toEqual([
    null,
    'nylas: did not answer within 0.5 s',
    'nylas: did not answer within 0.5 s',
    expect.stringContaining("must begin with lines 'elapsed' and 'granularity'"),
    'nylas: answered 500: no',
    'nylas: answered 302: redirects are not followed',
    expect.stringContaining('ECONNREFUSED'),
  ]);
  // Two seconds of the good one: about ten polls, though six others fail beside it.
  const before = sink.pushes.length;
  await sleep(2000);
  expect(sink.pushes.length - before).toBeGreaterThanOrEqual(5);
  expect(new Set(sink.pushes.map(({ labels }) => labels.instance))).toEqual(
    new Set([new URL(good.url).host]),
  );
  expect(lines.filter(({ msg }) => msg.startsWith(slow.url)).map(({ msg }) => msg)).toEqual([
    `${slow.url} (nylas): down: did not answer within 0.5 s`,
  ]);
});

it('says when a target comes back', async () => {
  let broken = true;
  await using target = await listen((_request, response) => {
    response.statusCode = broken ? 503 : 200;
    response.end(nylasText(1));
  });
  const { logger, lines } = recordingLogger();
  const collector = collect([{ kind: 'nylas', url: target.url }], new RecordingSink(), logger);
  await until('down', () => collector.targets()[0].state === 'down');
  broken = false;
  await until('up', () => collector.targets()[0].state === 'up');
  expect(collector.targets()[0].lastError).toBeNull();
  expect(lines.map(({ msg }) => msg.replace(/^\S+ /, ''))).toEqual([
    expect.stringMatching(/^\(nylas\): down: answered 503/),
    '(nylas): up',
  ]);
});

it('polls more targets than a signal has listeners without a warning', async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  await using target = await listen((_request, response) => response.end(nylasText(1)));
  const sink = new RecordingSink();
  collect(
    Array.from({ length: 40 }, (_, i) => ({ kind: 'nylas', url: `${target.url}/${i}` })),
    sink,
  );
  await until('all', () => sink.pushes.length >= 80);
  process.off('warning', warn);
  expect(warnings).toEqual([]);
});

it('loses nothing while the store is away, and counts once', async () => {
  let count = 0;
  await using target = await listenAsNylas(() => nylasText(++count));
  const sink = new RecordingSink();
  sink.fails = () => new Error('the store is away');
  const collector = collect([{ kind: 'nylas', url: target.url }], sink);
  await until('some wait', () => collector.targets()[0].undelivered >= 4);
  expect(sink.pushes).toEqual([]);
  // What cannot be stored is no fault of the target.
  expect(collector.targets()[0]).toMatchObject({ state: 'up', lastError: null });
  sink.fails = undefined;
  await until('all are stored', () => sink.pushes.length >= 5 && collector.targets()[0].undelivered <= 1);
  await collector.stop();
  expect(sink.pushes.map(countOf).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: count }, (_, i) => i + 1),
  );
  expect(new Set(sink.pushes.map(({ identity }) => identity)).size).toBe(count);
  expect(collector.deliveries).toEqual({ stored: count, lost: 0, waiting: 0 });
});

it('does not repeat what was refused for good', async () => {
  await using target = await listenAsNylas();
  const sink = new RecordingSink();
  sink.fails = () => (sink.attempts <= 2 ? new DeliveryError('bad') : undefined);
  const collector = collect([{ kind: 'nylas', url: target.url }], sink);
  await until('later ones are stored', () => sink.pushes.length >= 2);
  expect(sink.attempts).toBe(sink.pushes.length + 2);
  expect(collector.deliveries.lost).toBe(2);
});

it('gives what was polled a last chance when it stops', async () => {
  await using target = await listenAsNylas();
  const sink = new RecordingSink();
  sink.fails = () => new Error('not yet');
  const collector = collect([{ kind: 'nylas', url: target.url }], sink);
  await until('one waits', () => collector.targets()[0].undelivered > 0);
  setTimeout(() => {
    sink.fails = undefined;
  }, 700);
  await collector.stop();
  expect(sink.pushes.length).toBeGreaterThan(0);
  expect(collector.targets()[0].undelivered).toBe(0);
});

it('waits a moment for an answer that the target will not give again, and no longer', async () => {
  let asked = 0;
  await using answering = await listen((_request, response) => {
    asked++;
    setTimeout(() => response.end(nylasText(7)), 400);
  });
  await using silentOne = await listen(() => asked++);
  const sink = new RecordingSink();
  const collector = collect(
    [answering, silentOne].map(({ url }) => ({ kind: 'nylas', url })),
    sink,
  );
  await until('both are asked', () => asked >= 2);
  const stopping = performance.now();
  await collector.stop();
  expect(performance.now() - stopping).toBeLessThan(4000);
  expect(sink.pushes.map(countOf)).toContain(7);
});

it('gives up on a store that says nothing when it stops', async () => {
  await using target = await listenAsNylas();
  const { logger, lines } = recordingLogger();
  const collector = collect(
    [{ kind: 'nylas', url: target.url }],
    { write: () => new Promise(() => {}) },
    logger,
  );
  await until('one waits', () => collector.targets()[0].undelivered > 0);
  await collector.stop();
  expect(lines.at(-1)?.msg).toMatch(/profiles could not be stored and are lost: there was no answer in time/);
});
