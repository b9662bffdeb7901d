import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Where the built page lies: in its package. */
export function webRoot(): string {
  const manifest = createRequire(import.meta.url).resolve('@everflame/web/package.json');
  return join(dirname(manifest), 'dist');
}

/**
 * Serves the page; without a built page, a line that says how to build it. Open: it holds nothing but the way to sign
 * in and what draws.
 */
export async function addWebPage(app: FastifyInstance, root = webRoot()): Promise<void> {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, scope: 'open' };
  });
  if (!existsSync(join(root, 'index.html'))) {
    app.get('/', { schema: { hide: true } }, async (_request, reply) =>
      reply.type('text/plain').send('The page is not built. Run: npm run build\n'),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root,
    schemaHide: true,
    // Built files carry a hash in their names; the page itself must always be asked for.
    setHeaders: (response, path) => {
      const immutable = path.includes(`${join(root, 'assets')}`);
      response.setHeader('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
