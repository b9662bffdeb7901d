// How far samplers of Python are from the truth. Options: node bench/fidelity.mjs --help
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnv } from '../scripts/python-env.mjs';

const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fidelity', 'fidelity.py');
const python = process.env.BENCH_PYTHON ?? (await ensurePythonEnv());
const child = spawn(python, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('exit', (code) => process.exit(code ?? 1));
