import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './server.ts';

const SCRIPT = `
import { readFileSync } from 'node:fs';
import { Session } from 'chdb';
const { path, statements } = JSON.parse(readFileSync(0, 'utf8'));
const session = new Session(path);
const answers = statements.map((sql) => session.query(sql, 'JSONEachRow').toString());
session.close();
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
`;

/**
 * Runs statements in the engine of a server that is stopped, in a process of its own: what a test does to the data
 * behind the server's back, and what it reads without asking the server.
 *
 * @returns the rows of the last one
 */
export function inEngine<Row = never>(dataDir: string, ...statements: string[]): Row[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    cwd: ROOT,
    input: JSON.stringify({ path: join(dataDir, 'engine'), statements }),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`the engine answered ${status}: ${stderr}`);
  const answers: string[] = JSON.parse(stdout);
  const lines = (answers.at(-1) ?? '').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}
