#!/usr/bin/env node
'use strict';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`everflame needs Node 20.19 or later; this is ${process.versions.node}.`);
  process.exit(1);
}

// The engine's long queries sit on libuv's threads: four of them would hold up everything else that needs one (gzip,
// files). libuv reads this once, at the first use of a thread, which loading an ES module already is: hence CommonJS.
process.env.UV_THREADPOOL_SIZE ??= '16';

import('../dist/cli/main.js').then(
  ({ main }) => main(process.argv.slice(2)),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
