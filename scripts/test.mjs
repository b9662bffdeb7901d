// npm test: every test of every language, one after another, and one line at the end: "N passed, N failed".
// With --long also what takes too long for every change (soaks, every interpreter).
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './chromium.mjs';
import { ensurePythonEnv } from './python-env.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const long = process.argv.includes('--long');
const scratch = mkdtempSync(join(tmpdir(), 'everflame-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

try {
  heading('Build and checks');
  await check('build', process.execPath, ['scripts/build.mjs']);
  await check('types', bin('tsc'), ['-b']);
  await check('types of the tests', bin('tsc'), ['-p', 'tsconfig.tests.json']);
  await check('types of the benchmarks', bin('tsc'), ['-p', 'bench/tsconfig.json']);
  await check('style and lint', bin('biome'), ['check', '.']);

  heading('Tools');
  const python = await prepared('a Python environment', () => ensurePythonEnv());
  const chromium = await prepared('a browser', () => ensureChromium());
  const env = {
    ...process.env,
    ...(python && { EVERFLAME_TEST_PYTHON: python }),
    ...(chromium && { EVERFLAME_TEST_CHROMIUM: chromium }),
  };

  heading('TypeScript: units');
  await vitest('unit', env);
  heading('Python: the agent');
  if (python) await pytest(python, env);
  heading('Go: the agent');
  await goTest(env);
  heading('End to end: real processes, a real browser');
  await vitest('e2e', env);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`);
if (totals.skipped > 0) console.log(`\n${totals.skipped} left to npm run test:long, or to another machine`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed > 0 ? 1 : 0);

function heading(text) {
  console.log(`\n── ${text} ──`);
}

/** Counts a command as one test. */
async function check(name, command, args) {
  if ((await run(command, args, process.env)) === 0) totals.passed++;
  else fail(name);
}

/** A tool that cannot be had is a failed test, never a silent skip. */
async function prepared(name, prepare) {
  try {
    const found = await prepare();
    console.log(`${name}: ${found}`);
    return found;
  } catch (error) {
    console.log(`${name}: ${error.message}`);
    fail(name);
    return undefined;
  }
}

async function vitest(project, env) {
  const report = join(scratch, `${project}.json`);
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const status = await run(bin('vitest'), args, long ? { ...env, EVERFLAME_TEST_LONG: '1' } : env);
  if (!existsSync(report)) return fail(`vitest ${project}`);
  const result = JSON.parse(readFileSync(report, 'utf8'));
  add(result.numPassedTests, result.numFailedTests, result.numPendingTests + (result.numTodoTests ?? 0));
  if (result.numFailedTests > 0) failures.push(`vitest ${project}`);
  // A file that cannot be loaded, or an error outside of any test, fails the run without failing a test.
  else if (status !== 0) fail(`vitest ${project}`);
}

async function pytest(python, env) {
  const report = join(scratch, 'pytest.xml');
  const args = [
    '-m',
    'pytest',
    'agents/python',
    '-q',
    '-n',
    '3',
    '--dist=loadgroup',
    '-p',
    'no:cacheprovider',
    `--junitxml=${report}`,
  ];
  // Long ones are left out by the project's own settings.
  const status = await run(python, long ? [...args, '-m', 'long or not long'] : args, env);
  if (!existsSync(report)) return fail('pytest');
  const suite = /<testsuite [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? '';
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const bad = count('failures') + count('errors');
  add(count('tests') - bad - count('skipped'), bad, count('skipped'));
  if (bad > 0) failures.push('pytest');
  else if (status !== 0) fail('pytest');
}

/** Counts each test of the Go agent, subtests not; what does not compile is one that failed. */
async function goTest(env) {
  const failed = [];
  const done = { pass: 0, fail: 0, skip: 0 };
  // Without the cache: profiles are of this machine, now.
  const args = ['test', '-race', '-count=1', '-json', './...'];
  const status = await run('go', args, env, join(root, 'agents/go'), (line) => {
    const event = parsedEvent(line);
    if (event?.Action === 'build-output') process.stdout.write(event.Output);
    if (event?.Action === 'output' && !/^(=== |\s*--- PASS)/.test(event.Output))
      process.stdout.write(event.Output);
    if (!event?.Test || event.Test.includes('/') || !(event.Action in done)) return;
    done[event.Action]++;
    if (event.Action === 'fail') failed.push(event.Test);
  });
  add(done.pass, done.fail, done.skip);
  if (failed.length > 0) failures.push(`go test (${failed.join(', ')})`);
  else if (status !== 0 || done.pass === 0) fail('go test');
}

/** Of a line that `go test -json` writes; undefined where it is none. */
function parsedEvent(line) {
  try {
    return JSON.parse(line);
  } catch {
    console.log(line);
    return undefined;
  }
}

function add(passed, failed, skipped) {
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped;
}

function fail(name) {
  totals.failed++;
  failures.push(name);
}

/** @param {(line: string) => void} [onLine] takes the lines of standard output, which are shown otherwise */
function run(command, args, env, cwd = root, onLine = undefined) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['inherit', onLine ? 'pipe' : 'inherit', 'inherit'],
    });
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
    child.on('error', (error) => {
      console.log(error.message);
      resolve(1);
    });
    // Not 'exit': by then not every line has come.
    child.on('close', (code) => resolve(code ?? 1));
  });
}
