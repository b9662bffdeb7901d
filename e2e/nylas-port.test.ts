import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort, Program, python } from './support/programs.ts';
import { EVERFLAME, TestServer, until } from './support/server.ts';
import { valueUnder } from './support/tree.ts';

/** Two processes, of which each takes a port of its own; what they push goes nowhere. */
const PROGRAM = `
import os, sys, time
import everflame

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end: sum(range(300))

def expensive(): burn(0.009)
def cheap(): burn(0.003)

everflame.start(service_name="pushed", server="http://127.0.0.1:9", rate=500, nylas_port=sys.argv[1])
if os.fork() == 0:
    parent = os.getppid()
    while os.getppid() == parent: burn(0.01); time.sleep(0.01)
while True:
    expensive(); cheap(); time.sleep(0.01)
`;

it("answers an old collector: Everflame's own, on the ports of several processes", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'everflame-nylas-port-'));
  const file = join(folder, 'program.py');
  writeFileSync(file, PROGRAM);
  const port = await freePort();
  await using server = await TestServer.start({ args: ['--no-self-profile'] });
  await using program = new Program(await python(), [file, `${port}..${port + 9}`]);
  await using collector = new Program(process.execPath, [
    ...[EVERFLAME, 'collect', '--ports', `${port}..${port + 9}`, '--interval', '2'],
    ...['--server', server.url, '--service', 'old'],
  ]);
  const said = () => `${program.output}\n${collector.output}`;
  const tree = await until(`the functions of the program\n${said()}`, 60, async () => {
    expect([program.running, said()]).toEqual([true, expect.any(String)]);
    const found = await server.json('/data?from=-15minutes&query=old');
    return valueUnder(found, 'expensive(__main__)') > 2e9 && found;
  });
  const [expensive, cheap] = [valueUnder(tree, 'expensive(__main__)'), valueUnder(tree, 'cheap(__main__)')];
  expect(expensive / cheap).toBeGreaterThan(2);
  expect(expensive / cheap).toBeLessThan(4.5);
  const { values } = await server.json('/api/v1/labels/instance/values?query=old');
  expect(values).toHaveLength(2);
  rmSync(folder, { recursive: true });
});
