import swagger from '@fastify/swagger';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Query } from '../query/query.ts';
import { catalogRoutes } from './catalog-routes.ts';
import { addErrorHandling, answerError } from './errors.ts';
import { addGuard } from './guard.ts';
import { pictureRoutes } from './picture-routes.ts';
import type { ServerFacts, TargetSource } from './server-facts.ts';
import { serverRoutes } from './server-routes.ts';
import { addWebPage } from './web-page.ts';

export interface ApiServerOptions {
  readonly query: Query;
  readonly facts: ServerFacts;
  readonly targets: TargetSource;
  readonly allowedHosts: readonly string[];
  readonly logger: FastifyBaseLogger;
  /** Adds routes of other rooms (ingest), before the server is ready. */
  readonly plugins: (app: FastifyInstance) => Promise<void>;
}

/** The HTTP server: routes, errors, the page. It does not listen yet. */
export async function createApiServer(options: ApiServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: answerError,
    // A query string holds a selector and a focus; more than this is a mistake or an attack.
    routerOptions: { maxParamLength: 500 },
    requestTimeout: 60_000,
    keepAliveTimeout: 75_000,
    // What is under way is answered; who only keeps a connection is not waited for.
    forceCloseConnections: 'idle',
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  addErrorHandling(app);
  addGuard(app, options.allowedHosts);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Everflame',
        version: options.facts.version,
        description:
          'Continuous profiles: push them, ask for them. Errors are {"error": {"code", "message"}}.',
        license: { name: 'Apache-2.0' },
      },
    },
    transform: jsonSchemaTransform,
  });
  await app.register(catalogRoutes, { query: options.query });
  await app.register(pictureRoutes, { query: options.query });
  await app.register(serverRoutes, { facts: options.facts, targets: options.targets });
  await options.plugins(app);
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.register(async (page) => addWebPage(page));
  return app;
}
