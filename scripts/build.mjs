// Builds what is not built: the packages (incrementally) and the page (when a source is newer than the result).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);

if (!existsSync(bin('tsc'))) {
  console.error('The dependencies are not installed. Run: npm ci');
  process.exit(1);
}

const runPackages = ['packages/profile', 'packages/agent', 'packages/server'];
step('building the packages', bin('tsc'), ['-b', ...runPackages]);
// The agent is built as CommonJS, in a package whose sources are ES modules.
writeFileSync(join(root, 'packages/agent/dist/package.json'), '{ "type": "commonjs" }\n');

const page = join(root, 'packages/web/dist/index.html');
const sources = [
  'packages/web/src',
  'packages/web/index.html',
  'packages/web/public',
  'packages/profile/src',
];
if (!existsSync(page) || newest(sources.map((path) => join(root, path))) > statSync(page).mtimeMs) {
  step('building the page', bin('vite'), ['build', 'packages/web', '--logLevel', 'warn']);
}

function step(what, command, args) {
  const started = Date.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error || status !== 0) {
    console.error(`${what} failed${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
  const seconds = (Date.now() - started) / 1000;
  if (seconds > 1) console.error(`${what}: ${seconds.toFixed(1)} s`);
}

function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const stat = statSync(path);
    const below = stat.isDirectory()
      ? newest(readdirSync(path).map((name) => join(path, name)))
      : stat.mtimeMs;
    latest = Math.max(latest, below);
  }
  return latest;
}
