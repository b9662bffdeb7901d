import { expect } from 'vitest';
import type { AgentUnderTest, Finished } from './agents.ts';
import type { Attempt, FakeServer } from './fake-server.ts';
import { changed, cpuSeconds, cpuWindows, gaps, median, missing } from './pushes.ts';

/** What an agent may use before the program's clock starts and after it stops, s. */
const MARGIN = 0.1;
/** An agent has 2 s at exit. */
const EXIT_LIMIT = 1.9;

/**
 * All that the program used is at the server, each push counted once, and none was changed between two attempts.
 * Programs say by their own clock what they used.
 */
export function expectAllOfIt(agent: AgentUnderTest, server: FakeServer, finished: Finished): void {
  const { cpu, status, output, exitDelay } = finished;
  expect([status, output]).toEqual([0, expect.any(String)]);
  expectOrder(server);
  const windows = cpuWindows(server.stored);
  const found = cpuSeconds(server.stored);
  // Where all the time that there is at exit went by, this machine was too busy to take the last push.
  if (exitDelay < EXIT_LIMIT)
    expect(found, output).toBeGreaterThan(cpu * 0.95 - MARGIN / 2 - windows.length * agent.closing);
  expect(found, output).toBeLessThan(cpu * 1.05 + MARGIN);
  // Two clocks are read one after another, between which a busy machine may do something else.
  expect(median(gaps(windows))).toBeLessThan(25);
  expect(Math.max(...gaps(windows), 0)).toBeLessThan(200);
}

/** Pushes are numbered from 0 without a gap, by one process, and an attempt is what the one before it was. */
export function expectOrder(server: FakeServer): void {
  expect(missing(server.stored)).toEqual([]);
  expect(changed(server.attempts)).toEqual([]);
  expect(new Set(server.attempts.map(({ instance }) => instance)).size).toBe(1);
}

/** Attempts of one push. */
export function tries(server: FakeServer, sequence: number): Attempt[] {
  return server.attempts.filter((attempt) => attempt.sequence === sequence);
}

/** What a push says was lost before it. */
export function dropped({ headers }: Attempt): number {
  return Number(headers['everflame-dropped']);
}

/** Waits until so many pushes have come. */
export async function arrival(server: FakeServer, count: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (server.attempts.length < count) {
    if (Date.now() > deadline) throw new Error(`${server.attempts.length} pushes came, not ${count}`);
    await new Promise((wait) => setTimeout(wait, 50));
  }
}
