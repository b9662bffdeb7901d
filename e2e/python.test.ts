import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { freePort, Program, python } from './support/programs.ts';
import { ROOT, TestServer, until } from './support/server.ts';
import { pathTo, valueUnder } from './support/tree.ts';

const WALL = 'wall:wall:nanoseconds:wall:nanoseconds';
const EXAMPLES = join(ROOT, 'examples/python');

async function everflameRun(
  server: TestServer,
  service: string,
  command: readonly string[],
): Promise<Program> {
  const bin = dirname(await python());
  return new Program(
    join(bin, 'everflame-run'),
    ['--service-name', service, '--server', server.url, '--', ...command],
    { PATH: `${bin}:${process.env.PATH}`, EVERFLAME_WINDOW: '2' },
    EXAMPLES,
  );
}

describe('npm run demo', () => {
  it('shows the three demos: two that wait, and where; one that works, and in what', async () => {
    await using server = await TestServer.start();
    await using demo = new Program(
      'npm',
      ['run', 'demo'],
      { EVERFLAME_SERVER: server.url, EVERFLAME_WINDOW: '2' },
      ROOT,
    );
    const waiters = [
      ['demo-sleep', 'wait_a_second(__main__)'],
      ['demo-blocking-sleep', 'wait_without_yielding(__main__)'],
    ];
    for (const [service, waiter] of waiters) {
      const note = await until(`${service} waits\n${demo.output}`, 90, async () => {
        const { notes } = await server.json(`/api/v1/flamegraph?query=${service}`);
        return notes.find(({ code }: { code: string }) => code === 'mostly_waiting');
      });
      expect(note.type).toBe(WALL);
      // The first window is about importing; then it waits.
      const wall = await until('where it waits', 60, async () => {
        const found = await server.json(`/data?query=${service}&type=${WALL}`);
        return valueUnder(found, waiter) / found.value > 0.8 && found;
      });
      expect(pathTo(wall, waiter)).toContain('main(__main__)');
    }
    const cpu = await until('functions of demo-cpu', 60, async () => {
      const tree = await server.json('/data?query=demo-cpu');
      return valueUnder(tree, 'price_basket') > 1e9 && tree;
    });
    const [parse, price, render] = ['parse_orders', 'price_basket', 'render_invoice'].map((name) =>
      valueUnder(cpu, name),
    );
    expect(price).toBeGreaterThan(render);
    expect(price).toBeGreaterThan(parse);
    expect((parse + price + render) / cpu.value).toBeGreaterThan(0.8);
    expect(demo.output).toContain(`${server.url}/?query=demo-cpu`);
  });

  it('says how to start a server where there is none', async () => {
    await using demo = new Program(
      process.execPath,
      ['scripts/demo.mjs'],
      { EVERFLAME_SERVER: 'http://127.0.0.1:9' },
      ROOT,
    );
    await until('the end', 20, async () => !demo.running);
    expect(demo.process.exitCode).toBe(1);
    expect(demo.output).toContain('npm start');
  });
});

describe.each(['sync', 'gevent'])('gunicorn, 4 %s workers, a Flask app, no code change', (workerClass) => {
  it('counts every worker: totals within 10 % of what they used, functions in the right order', {
    timeout: 240_000,
  }, async () => {
    await using server = await TestServer.start();
    const port = await freePort();
    const service = `flask-${workerClass}`;
    await using program = await everflameRun(server, service, [
      ...[
        'gunicorn',
        '--workers',
        '4',
        '--worker-class',
        workerClass,
        '--bind',
        `127.0.0.1:${port}`,
        'flask_app:app',
      ],
    ]);
    const url = `http://127.0.0.1:${port}`;
    await until(`gunicorn\n${program.output}`, 60, () =>
      fetch(`${url}/search`).then(
        (answer) => answer.ok,
        () => false,
      ),
    );

    const deadline = Date.now() + 20_000;
    const client = async (path: string) => {
      while (Date.now() < deadline) await fetch(url + path).then((answer) => answer.text());
    };
    await Promise.all([
      client('/report?rows=5000'),
      client('/report?rows=5000'),
      client('/search'),
      client('/slow'),
    ]);
    await sleep(200);
    const pids = familyOf(program.process.pid ?? 0);
    const used = pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
    expect(pids.length).toBe(5);
    expect(await program.end()).toBe(0);

    const tree = await until('the last windows', 30, async () => {
      const found = await server.json(`/data?query=${service}`);
      return found.value / 1e9 > used * 0.9 && found;
    }).catch(async () => server.json(`/data?query=${service}`));
    expect([program.output, tree.value / 1e9 / used]).toEqual([
      expect.any(String),
      expect.toSatisfy(within(0.9, 1.1)),
    ]);
    // Every worker and the arbiter are instances of their own.
    const { values } = await server.json(`/api/v1/labels/instance/values?query=${service}`);
    expect(values.length).toBeGreaterThanOrEqual(4);
    const share = (name: string) => valueUnder(tree, name) / tree.value;
    expect(share('report(flask_app)')).toBeGreaterThan(share('search(flask_app)'));
    expect(share('search(flask_app)')).toBeGreaterThan(share('slow(flask_app)'));
    expect(share('report(flask_app)') + share('search(flask_app)')).toBeGreaterThan(0.7);
    // The wall time of the sync workers shows the waiting that is no CPU time.
    if (workerClass === 'sync') {
      const wall = await server.json(`/data?query=${service}&type=${WALL}`);
      expect(valueUnder(wall, 'ask_the_warehouse') / 1e9).toBeGreaterThan(5);
    }
  });
});

function within(low: number, high: number) {
  return (value: number) => value >= low && value <= high;
}

/** A process and its descendants. */
function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), Number(statOf(Number(name))[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const family = [pid];
  for (let i = 0; i < family.length; i++) {
    for (const [child, parent] of parents) if (parent === family[i]) family.push(child);
  }
  return family;
}

/** User and system time; ticks are hundredths of a second on Linux. */
function cpuSeconds(pid: number): number {
  const stat = statOf(pid);
  return (Number(stat[11]) + Number(stat[12])) / 100;
}

/** Fields of /proc/PID/stat after the name. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
