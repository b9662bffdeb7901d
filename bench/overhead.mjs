// What the Python agent costs a Flask application. Options: node bench/overhead.mjs --help
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnv } from '../scripts/python-env.mjs';

const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'overhead', 'overhead.py');
const python = process.env.BENCH_PYTHON ?? (await ensurePythonEnv());
const child = spawn(python, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('exit', (code) => process.exit(code ?? 1));
