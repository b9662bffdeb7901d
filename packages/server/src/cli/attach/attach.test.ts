import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flameGraphOf, stackAt, toPlainTree } from '@everflame/profile';
import { expect, it } from 'vitest';
import { ServerError } from '../api-client.ts';
import { ConfigError } from '../config-error.ts';
import { explain } from './explain.ts';
import { programName } from './program.ts';
import { PySpyError, runPySpy } from './py-spy.ts';
import { rawProfile } from './raw-profile.ts';

/** As py-spy 0.4.3 wrote it. */
const RAW = `thread (1753): MainThread;<module> (prog.py:15);hot (prog.py:7);burn (prog.py:5) 187
thread (1753): MainThread;<module> (prog.py:15);cool (prog.py:8);burn (prog.py:5) 61
thread (1795): waiter;Thread._bootstrap (threading.py:988);waits (prog.py:9) 7
thread (2000);work (pkg/sub (odd)/x.py:3);read <built-in> 4
not a line
`;

it('reads what py-spy writes: frames with their places, threads as labels', () => {
  const profile = rawProfile(RAW, { idle: false, startMs: 1.7e12, durationMs: 10_000, hz: 100 });
  expect(toPlainTree(flameGraphOf(profile, 0)).value).toBe(2590000000);
  expect(stackAt(profile, 0)).toMatchObject([
    { function: '<module>', file: 'prog.py', line: 15 },
    { function: 'hot', file: 'prog.py', line: 7 },
    { function: 'burn', file: 'prog.py', line: 5 },
  ]);
  expect(stackAt(profile, 3)).toMatchObject([
    { function: 'work', file: 'pkg/sub (odd)/x.py', line: 3 },
    { function: 'read <built-in>', file: '', line: 0 },
  ]);
  const threads = [...profile.samples.labels].map((set) => profile.labelSets[set].text.thread);
  expect(threads).toEqual(['MainThread', 'MainThread', 'waiter', undefined]);
  expect(profile).toMatchObject({
    startNanos: 1_700_000_000_000_000_000n,
    durationNanos: 10_000_000_000n,
    types: [{ name: 'process_cpu' }],
  });
  expect(rawProfile('', { idle: true, startMs: 0, durationMs: 1, hz: 100 })).toMatchObject({
    samples: { length: 0 },
    types: [{ name: 'wall' }],
  });
});

it.each([
  ['python3 /srv/app/worker.py --queue mail', 'worker'],
  ['/usr/bin/python3.12 -u -X dev -W ignore -m gunicorn app:app', 'gunicorn'],
  ['python /usr/local/bin/gunicorn app:app', 'gunicorn'],
  ['gunicorn:_worker_[shop]', 'gunicorn'],
  ['python -c print()', 'python'],
  ['python', 'python'],
  ['', 'python'],
  ['python my,app{}.py', 'my_app__'],
])('calls %j %s', (line, name) => {
  expect(programName(line.split(' '))).toBe(name);
});

const run = { pid: 1, seconds: 1, hz: 10, idle: false, blocking: false, file: '/nowhere/x' };

it('says what to do when py-spy fails', async () => {
  const missing = await runPySpy({ ...run, command: 'no-such-py-spy' }, new AbortController().signal).catch(
    (error: unknown) => error,
  );
  expect(explain(missing, 'no-such-py-spy', 1)).toBeInstanceOf(ConfigError);
  expect(explain(missing, 'no-such-py-spy', 1)).toMatchObject({
    message: expect.stringContaining('pip install py-spy'),
  });
  for (const [said, advice] of [
    [
      "Permission Denied: Try running again with elevated permissions by going 'sudo …'",
      /may not read.*(user|root)/,
    ],
    [
      'Error: Failed to find python version from target process\n\nStack backtrace:\n 0: x',
      /no Python program/,
    ],
    ['Error: Failed to get process executable name. Check that the process is running.', /has ended/],
    ['Error: odd\n\nStack backtrace:\n   0: secret', /^attach: py-spy failed: Error: odd$/],
  ] as const) {
    const explained = explain(new PySpyError(said), 'py-spy', 4711);
    expect(explained).toBeInstanceOf(ServerError);
    expect(explained).toMatchObject({ message: expect.stringMatching(advice) });
  }
  const own = new TypeError('x');
  expect(explain(own, 'py-spy', 1)).toBe(own);
});

it('kills what does not end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'everflame-attach-'));
  const command = join(folder, 'py-spy');
  writeFileSync(command, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  const error = await runPySpy({ ...run, command }, new AbortController().signal, 300).catch(
    (error: unknown) => error,
  );
  rmSync(folder, { recursive: true });
  expect(error).toBeInstanceOf(PySpyError);
  expect(error).toMatchObject({ message: expect.stringContaining('was killed') });
});
