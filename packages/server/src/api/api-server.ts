import swagger from '@fastify/swagger';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerFactory,
  LogController,
} from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Control } from '../control/control.ts';
import type { Query } from '../query/query.ts';
import { addAccess } from './auth/access.ts';
import { SESSION_COOKIE, Sessions } from './auth/sessions.ts';
import { TokenList } from './auth/token-list.ts';
import { captureRoutes } from './capture-routes.ts';
import { catalogRoutes } from './catalog-routes.ts';
import { type Deletes, deletionRoutes } from './deletion-routes.ts';
import { addErrorHandling, answerError } from './errors.ts';
import { fleetRoutes } from './fleet-routes.ts';
import { addGuard } from './guard.ts';
import { Metrics } from './metrics/metrics.ts';
import { watchRequests } from './metrics/request-watch.ts';
import { addStoreGauges } from './metrics/store-gauges.ts';
import { pictureRoutes } from './picture-routes.ts';
import { Readiness } from './readiness.ts';
import type { Insight, ServerFacts, TargetSource } from './server-facts.ts';
import { serverRoutes } from './server-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { addWebPage } from './web-page.ts';

export interface ApiServerOptions {
  readonly query: Query;
  readonly facts: ServerFacts;
  readonly targets: TargetSource;
  readonly deletes: Deletes;
  /** Without it there are no routes for captures. */
  readonly control?: Control;
  readonly allowedHosts: readonly string[];
  readonly logger: FastifyBaseLogger;
  /** Who may come in; none: everybody. */
  readonly tokens?: TokenList;
  readonly metrics?: Metrics;
  readonly insight?: Insight;
  /** Makes the server that listens where it is not Node's plain one: TLS. */
  readonly serverFactory?: FastifyServerFactory;
  /** Adds routes of other rooms (ingest), before the server is ready. */
  readonly plugins: (app: FastifyInstance) => Promise<void>;
}

/** How a token may be sent, where the server asks for one. */
const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer' },
  basic: { type: 'http', scheme: 'basic', description: 'The password is the token.' },
  session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'Reads only.' },
} as const;

/** For a server that is made elsewhere too. */
export const TIMEOUTS = { requestTimeout: 60_000, keepAliveTimeout: 75_000 };

/** The HTTP server: routes, errors, the page. It does not listen yet. */
export async function createApiServer(options: ApiServerOptions): Promise<FastifyInstance> {
  const { tokens = new TokenList(), metrics = new Metrics(), insight = {} } = options;
  const sessions = new Sessions(tokens);
  const app = Fastify({
    ...(options.serverFactory && { serverFactory: options.serverFactory }),
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: answerError,
    // A query string holds a selector and a focus; more than this is a mistake or an attack.
    routerOptions: { maxParamLength: 500 },
    ...TIMEOUTS,
    // What is under way is answered; who only keeps a connection is not waited for.
    forceCloseConnections: 'idle',
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  addErrorHandling(app);
  watchRequests(app, metrics);
  addGuard(app, options.allowedHosts);
  addAccess(app, tokens, sessions);
  addStoreGauges(metrics.registry, insight, options.targets, options.facts, (error) =>
    app.log.warn({ err: error }, 'metrics: something could not be measured'),
  );
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
      components: { securitySchemes: SECURITY_SCHEMES },
      security: Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] })),
    },
    transform: jsonSchemaTransform,
  });
  await app.register(catalogRoutes, { query: options.query });
  await app.register(pictureRoutes, { query: options.query });
  await app.register(fleetRoutes, { query: options.query, facts: options.facts });
  await app.register(serverRoutes, {
    facts: options.facts,
    targets: options.targets,
    readiness: new Readiness(insight.ping ?? (async () => {})),
    metrics,
    insight,
  });
  await app.register(sessionRoutes, { tokens, sessions });
  await app.register(deletionRoutes, { deletes: options.deletes });
  if (options.control) await app.register(captureRoutes, { control: options.control });
  await options.plugins(app);
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.register(async (page) => addWebPage(page));
  return app;
}
