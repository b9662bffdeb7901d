import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CPU_TIME, encodePprof, ProfileBuilder } from '@everflame/profile';
import { expect, it } from 'vitest';
import { TestServer } from './support/server.ts';

const SECONDS = 10;
const LOUD_CONNECTIONS = 120;
const SAMPLE_NANOS = 10_000_000;
/** Bytes; one body of the loud service has some 50,000. */
const IN_FLIGHT = 1_000_000;
const START_SECONDS = Math.floor(Date.now() / 1000) - 60;

interface Answer {
  readonly status: number;
  readonly retryAfter: number;
}

it('keeps taking from the quiet while a loud service pushes far more than is taken', {
  timeout: 90_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'everflame-overload-'));
  const config = join(dir, 'everflame.yaml');
  writeFileSync(config, `limits:\n  in_flight_bytes: ${IN_FLIGHT}\n`);
  const server = await TestServer.start({ args: ['--config', config] });
  const agent = new Agent({ keepAlive: true, maxSockets: LOUD_CONNECTIONS + 10 });
  const loudBody = largeProfile(900);
  const quietBody = largeProfile(20);
  const answers = { loud: [] as Answer[], quiet: [] as Answer[] };
  const push = async (service: 'loud' | 'quiet', body: Uint8Array) => {
    const query = `name=${service}%7Binstance%3D${answers[service].length}%7D&from=${START_SECONDS}&until=${START_SECONDS + 10}&format=pprof`;
    answers[service].push(await post(agent, `${server.url}/ingest?${query}&n=${Math.random()}`, body));
  };
  await push('quiet', quietBody);
  await push('loud', loudBody);
  const until = performance.now() + SECONDS * 1000;
  let early = 0;
  const measured = sleep(SECONDS * 400).then(() => {
    early = server.memory;
  });
  const loud = async () => {
    // As a sender would that does not listen to Retry-After.
    while (performance.now() < until) {
      await push('loud', loudBody);
      if (answers.loud.at(-1)?.status === 429) await sleep(200);
    }
  };
  const quiet = async () => {
    while (performance.now() < until) {
      await push('quiet', quietBody);
      await sleep(100);
    }
  };
  await Promise.all([measured, quiet(), ...Array.from({ length: LOUD_CONNECTIONS }, loud)]);
  agent.destroy();

  const statuses = (of: readonly Answer[]) => [...new Set(of.map(({ status }) => status))].sort();
  expect(statuses(answers.quiet)).toEqual([200]);
  expect(statuses(answers.loud)).toEqual([200, 429]);
  const refused = answers.loud.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(answers.loud.length / 2);
  expect(Math.min(...refused.map(({ retryAfter }) => retryAfter))).toBeGreaterThan(0);
  expect(new Set(refused.map(({ retryAfter }) => retryAfter)).size).toBeGreaterThan(1);
  // What was not refused is there once, to the nanosecond.
  for (const service of ['loud', 'quiet'] as const) {
    const taken = answers[service].filter(({ status }) => status === 200).length;
    const tree = await server.json(`/data?query=${service}&from=-1h`);
    expect(tree.value).toBe(taken * (service === 'loud' ? 900 : 20) * SAMPLE_NANOS);
  }
  // Flat: what the engine warms up has its part in the rest.
  expect(server.memory).toBeLessThan(early + 200e6);
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

/** A stack for each sample, of names that do not compress. */
function largeProfile(stacks: number): Uint8Array {
  const builder = new ProfileBuilder([CPU_TIME]);
  const root = builder.frame({ function: 'main', module: 'app' });
  for (let i = 0; i < stacks; i++) {
    const leaf = builder.frame({ function: `handle_${i}_${'x'.repeat(30)}`, module: 'app', line: i });
    builder.sample(builder.stack([root, leaf]), [BigInt(SAMPLE_NANOS)]);
  }
  return encodePprof(builder.build());
}

function post(agent: Agent, url: string, body: Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { agent, method: 'POST', headers: { 'content-length': body.length } },
      (answer) => {
        answer.resume();
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            retryAfter: Number(answer.headers['retry-after'] ?? 0),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
