import { expect, it } from 'vitest';
import { locateScript } from './script-location.ts';

it.each([
  ['', '', ''],
  ['node:internal/timers', 'node:internal/timers', ''],
  ['file:///srv/app/src/main.js', '', 'src/main.js'],
  ['/srv/other/main.js', '', '/srv/other/main.js'],
  ['/srv/app/node_modules/fastify/lib/reply.js', 'fastify', 'lib/reply.js'],
  ['/srv/app/node_modules/a/node_modules/@b/c/d.js', '@b/c', 'd.js'],
  ['file:///srv/app%20two/x.js', '', '/srv/app two/x.js'],
])('%s', (script, module, file) => {
  expect(locateScript(script, '/srv/app')).toMatchObject({ module, file });
});
