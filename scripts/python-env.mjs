// A virtual environment for everything in this repository that is Python: the agent (editable), its tests, the
// examples. Made once in .venv, and again when what it is made of changes; the agent's native part, which an editable
// installation builds in the source tree, is built again when its sources change.
//
//   node scripts/python-env.mjs        prints the path of its python
//   EVERFLAME_PYTHON=/usr/bin/python3.12 node scripts/python-env.mjs

import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const agent = path.join(root, 'agents', 'python');
const venv = path.join(root, '.venv');
const stamp = path.join(venv, 'everflame-stamp');
const nativeStamp = path.join(venv, 'everflame-native-stamp');
const lock = path.join(agent, '.venv.lock');
const requirements = path.join(agent, 'requirements-test.txt');

const OLDEST = [3, 8];
/** What stands in the way, in a sentence that says what to do. */
export class PythonEnvError extends Error {}

/**
 * Makes the virtual environment if it is not there or out of date.
 *
 * @param {{ log?: (line: string) => void }} [options] `log` gets a line of progress; default: standard error.
 * @returns {Promise<string>} the absolute path of its python
 * @throws {PythonEnvError} when there is no usable Python, or pip fails
 */
export async function ensurePythonEnv({ log = (line) => process.stderr.write(`${line}\n`) } = {}) {
  const base = await findPython();
  const wanted = { venv: await fingerprint(base), native: await nativeFingerprint() };
  if (await isCurrent(wanted)) return venvPython();
  return withLock(log, async () => {
    if (await isCurrent(wanted)) return venvPython(); // another process has just made it
    if (!(await has(stamp, wanted.venv))) await make(base, wanted.venv, log);
    else await installAgent('python: building the native part of the agent', log);
    await checkNative(log);
    await writeFile(nativeStamp, wanted.native);
    return venvPython();
  });
}

function venvPython() {
  return process.platform === 'win32'
    ? path.join(venv, 'Scripts', 'python.exe')
    : path.join(venv, 'bin', 'python');
}

/** The first Python that is new enough; EVERFLAME_PYTHON is the only candidate where it is set. */
async function findPython() {
  const asked = process.env.EVERFLAME_PYTHON;
  const tooOld = [];
  for (const command of asked ? [asked] : ['python3', 'python']) {
    const found = await describe(command);
    if (!found) continue;
    const [major, minor] = found.version.split('.').map(Number);
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return found;
    tooOld.push(`${command} is ${found.version}`);
  }
  const needed = `Python ${OLDEST.join('.')} or later is needed`;
  if (asked) {
    throw new PythonEnvError(
      `${needed}, and EVERFLAME_PYTHON=${asked} is not one${tooOld.length ? ` (${tooOld})` : ''}.`,
    );
  }
  throw new PythonEnvError(
    `${needed}, and ${tooOld.length ? tooOld.join(', ') : 'neither python3 nor python is on PATH'}. ` +
      'Install one (on Debian and Ubuntu: apt-get install python3 python3-venv), or set EVERFLAME_PYTHON to its path.',
  );
}

async function describe(command) {
  const code = 'import sys; print(sys.executable); print("%d.%d.%d" % sys.version_info[:3])';
  try {
    const { stdout } = await run(command, ['-c', code], { env: cleanEnvironment() });
    const [executable, version] = stdout.trim().split(/\r?\n/);
    return { executable, version };
  } catch {
    return undefined;
  }
}

async function fingerprint(base) {
  const hash = createHash('sha256').update(`1\n${base.executable}\n${base.version}\n${root}\n`);
  for (const file of [requirements, path.join(agent, 'pyproject.toml')]) hash.update(await readFile(file));
  return hash.digest('hex');
}

async function nativeFingerprint() {
  const hash = createHash('sha256');
  const folder = path.join(agent, 'native');
  const sources = (await readdir(folder)).sort().map((name) => path.join(folder, name));
  for (const file of [path.join(agent, 'setup.py'), ...sources]) {
    hash.update(`${path.basename(file)}\n`).update(await readFile(file));
  }
  return hash.digest('hex');
}

async function isCurrent(wanted) {
  return (await has(stamp, wanted.venv)) && (await has(nativeStamp, wanted.native));
}

async function has(file, wanted) {
  if (!existsSync(venvPython())) return false;
  return (await readFile(file, 'utf8').catch(() => '')) === wanted;
}

async function installAgent(message, log) {
  log(message);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps'];
  await step(venvPython(), [...pip, '-e', agent], (output) => `pip install failed:\n${output}`);
}

/** It may be left out (no compiler, no headers), and the agent works without; its tests then say so, too. */
async function checkNative(log) {
  const probe = 'import everflame.native as n; print(n.missing or "")';
  const { stdout } = await run(venvPython(), ['-c', probe], { env: cleanEnvironment() });
  if (stdout.trim()) log(`python: the agent's native part was not built: ${stdout.trim()}`);
}

async function make(base, wanted, log) {
  log(`python: making ${path.relative(process.cwd(), venv) || venv} with Python ${base.version}`);
  await rm(venv, { recursive: true, force: true });
  await step(base.executable, ['-m', 'venv', venv], (output) =>
    /ensurepip|No module named '?venv/.test(output)
      ? `Python ${base.version} at ${base.executable} cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv.`
      : `${base.executable} -m venv failed:\n${output}`,
  );
  log('python: installing the agent and what its tests need');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  await step(
    venvPython(),
    [...pip, '-r', requirements, '-e', agent],
    (output) => `pip install failed:\n${output}`,
  );
  await writeFile(stamp, wanted);
  log('python: ready');
}

/** Runs a command; if it fails, throws what `explain` makes of the end of its output. */
async function step(command, args, explain) {
  const child = spawn(command, args, { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk) => {
    output = (output + chunk).slice(-4000);
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) {
    await rm(venv, { recursive: true, force: true }); // half an environment is worse than none
    throw new PythonEnvError(explain(output.trim()));
  }
}

/** The environment without what would point Python at other packages, or profile the installation. */
function cleanEnvironment() {
  const { PYTHONPATH, PYTHONHOME, VIRTUAL_ENV, __PYVENV_LAUNCHER__, ...rest } = process.env;
  return rest;
}

/** One at a time: `npm test` runs several suites, and any of them may be the first to need Python. */
async function withLock(log, work) {
  for (let waited = 0; ; waited++) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (holder && !isAlive(holder))
      await rm(lock, { force: true }); // it was killed
    else if (waited === 0) log('python: waiting for another process that is making the environment');
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(await ensurePythonEnv());
  } catch (error) {
    if (!(error instanceof PythonEnvError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
