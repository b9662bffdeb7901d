import { createServer, type RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeNylas } from '@everflame/profile';
import { type Logger, pino } from 'pino';
import type { Push } from '../store/push.ts';
import type { Sink } from './sink.ts';

export const silent: Logger = pino({ level: 'silent' });

/** A logger whose lines can be read. */
export function recordingLogger(): { logger: Logger; lines: { level: number; msg: string }[] } {
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}

export interface TestTarget extends AsyncDisposable {
  readonly url: string;
}

/** A server on a free port, until it is disposed of. */
export async function listen(listener: RequestListener): Promise<TestTarget> {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export function nylasText(count: number, elapsed = '1.5'): string {
  return `elapsed ${elapsed}\ngranularity 0.005\nmain(__main__);work(app.jobs) ${count}\nmain(__main__) 1\n`;
}

/** A push with `count` + 1 samples of 5 ms. */
export function testPush(count: number): Push {
  return {
    service: 'shop',
    labels: { instance: `a:${count}`, quoted: 'a "b", {c} \\ d' },
    startNanos: 1_700_000_000_000_000_000n,
    durationNanos: 1_500_000_000n,
    identity: BigInt(count),
    profile: decodeNylas(Buffer.from(nylasText(count))),
  };
}

/** What `nylasText` or `testPush` was made with. */
export function countOf({ profile }: Push): number {
  return Number(profile.samples.values[0].reduce((a, b) => a + b, 0n)) / 5e6 - 1;
}

/** Remembers what it is given; refuses what `fails` has an error for. */
export class RecordingSink implements Sink {
  readonly pushes: Push[] = [];
  attempts = 0;
  fails: ((push: Push) => Error | undefined) | undefined;

  async write(push: Push): Promise<void> {
    this.attempts++;
    const error = this.fails?.(push);
    if (error) throw error;
    this.pushes.push(push);
  }
}

export async function until(what: string, probe: () => boolean, seconds = 20): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; !probe(); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
  }
}
