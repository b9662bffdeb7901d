// npm run demo: runs the example programs under the Python agent, into the server that runs (npm start).
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnv } from './python-env.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const server = (process.env.EVERFLAME_SERVER ?? 'http://127.0.0.1:5555').replace(/\/$/, '');
const WALL = 'wall:wall:nanoseconds:wall:nanoseconds';
const demos = [
  {
    service: 'demo-sleep',
    file: 'gevent_sleep.py',
    says: 'prints and sleeps: hardly any CPU, its wall time shows where it waits',
    type: WALL,
  },
  {
    service: 'demo-blocking-sleep',
    file: 'gevent_blocking_sleep.py',
    says: 'the same with the blocking time.sleep, which silenced the old sampler',
    type: WALL,
  },
  { service: 'demo-cpu', file: 'gevent_cpu.py', says: 'greenlets that burn CPU in known functions' },
];

try {
  const status = await fetch(`${server}/api/v1/status`);
  if (!status.ok) throw new Error(`it answered ${status.status}`);
} catch (error) {
  const reason = error.cause?.code ?? error.message;
  console.error(
    `No Everflame answers at ${server} (${reason}). Start it in another terminal first: npm start`,
  );
  process.exit(1);
}

const python = await ensurePythonEnv().catch((error) => {
  console.error(error.message);
  process.exit(1);
});

const children = demos.map(({ service, file }) => {
  const program = join(root, 'examples/python', file);
  const args = ['--service-name', service, '--server', server, '--', python, program];
  const child = spawn(join(dirname(python), 'everflame-run'), args, {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  child.on('exit', (code) => {
    if (!stopping) console.error(`${service} ended with ${code}`);
  });
  return child;
});

console.log('\nThree programs run; their first profiles arrive within 10 s.\n');
for (const { service, says, type } of demos) {
  const query = new URLSearchParams({ query: service, from: '-15minutes', ...(type && { type }) });
  console.log(`  ${service}: ${says}\n    ${server}/?${query}\n`);
}
console.log('ctrl-C stops them.');

let stopping = false;
const end = () => {
  for (const child of children) child.kill('SIGTERM');
};
process.on('SIGTERM', () => {
  stopping = true;
  end();
});
process.on('SIGINT', () => {
  // The terminal has told the programs as well: a second signal would disturb their ending.
  stopping = true;
  setTimeout(end, 3000).unref();
});
await Promise.all(children.map((child) => new Promise((ended) => child.once('exit', ended))));
