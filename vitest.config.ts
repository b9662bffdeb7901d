import { defineConfig } from 'vitest/config';

/** Packages are tested from their sources: a stale build can hide nothing. */
const resolve = { conditions: ['everflame-source', 'node', 'import', 'default'] };
const ssr = { resolve };

export default defineConfig({
  test: {
    // Much of a test is waiting; by default two cores would have one worker.
    maxWorkers: 2,
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
