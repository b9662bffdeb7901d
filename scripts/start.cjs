// npm start: builds what must be built, then is `everflame serve`. One process, so that signals need no passing on.
'use strict';

const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

const { status } = spawnSync(process.execPath, [join(__dirname, 'build.mjs')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
process.argv.splice(2, 0, 'serve');
require('../packages/server/bin/everflame.cjs');
