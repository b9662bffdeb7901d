import { DEFAULT_LIMITS } from '@everflame/profile';
import type { Logger } from 'pino';
import { createApiServer } from '../api/api-server.ts';
import { allows } from '../api/auth/token.ts';
import { Metrics } from '../api/metrics/metrics.ts';
import { Collector } from '../collect/collector.ts';
import { DecodePool } from '../ingest/decode-pool.ts';
import { Ingest } from '../ingest/ingest.ts';
import { ingestRoutes } from '../ingest/routes.ts';
import { Query } from '../query/query.ts';
import { openCluster } from '../store/cluster.ts';
import { Damage } from '../store/damage.ts';
import { openEmbedded } from '../store/embedded.ts';
import type { Push } from '../store/push.ts';
import type { PreparedPush } from '../store/series-rows.ts';
import { Store } from '../store/store.ts';
import { ControlSource } from './control-source.ts';
import { diskWatch, warnOfDamage } from './fault-log.ts';
import { insightOf } from './insight.ts';
import { isLoopback, urlOf } from './listen-address.ts';
import { maintenanceLog } from './maintenance-log.ts';
import { startSelfProfile } from './self-profile.ts';
import type { ServeConfig } from './serve-config.ts';
import { Tls } from './tls.ts';
import { TokenSource } from './token-source.ts';
import { VERSION } from './version.ts';

export interface RunningServer {
  /** Address for agents and browsers on this machine. */
  readonly url: string;
  /** Reads tokens, certificate and what agents are told again. */
  reload(): void;
  stop(): Promise<void>;
}

/** How long requests under way may take to end when the server stops. */
const STOP_DEADLINE_MS = 10_000;
const STOP_IDLE_MS = 50;

/** Wires the rooms together and listens. Whatever fails on the way is closed again. */
export async function serve(config: ServeConfig, logger: Logger): Promise<RunningServer> {
  const tokens = new TokenSource(config.tokens, logger);
  const tls = config.tls && new Tls(config.tls, logger);
  warnOfOpenDoors(config, tokens, logger);
  const metrics = new Metrics();
  const agents = new ControlSource(config.control, logger);
  const connection = config.clickhouse
    ? openCluster(config.clickhouse, config.limits.query, config.topology)
    : openEmbedded({
        dataDir: config.dataDir,
        limits: config.limits.query,
        disk: diskWatch(config.limits.diskReserveBytes, logger),
      });
  const store = await Store.open(connection, {
    retention: config.retention,
    rollups: {
      ...(config.dropLabels && { dropLabels: config.dropLabels }),
      ...(config.settleMs !== undefined && { marginMs: config.settleMs }),
    },
    maintenance: maintenanceLog(logger),
  });
  const decoder = new DecodePool({ known: store.knownNames });
  try {
    const damage = new Damage(connection);
    await warnOfDamage(damage, logger);
    const timed = (source: 'collect' | 'self') => ({
      write: (push: Push) => metrics.storing(source, store.write(push)),
    });
    const pushes = {
      writePrepared: (push: PreparedPush) => metrics.storing('push', store.writePrepared(push)),
      expect: () => store.expect(),
      findStart: (service: string, identity: bigint) => store.findStart(service, identity),
    };
    const limits = { ...DEFAULT_LIMITS, bytes: config.limits.profileBytes };
    const ingest = new Ingest(pushes, limits, {
      decode: (job) => metrics.decoding(job.format ?? 'unsaid', decoder.decode(job)),
    });
    const collector = new Collector({
      targets: config.collect?.targets ?? [],
      sink: timed('collect'),
      logger,
    });
    const app = await createApiServer({
      query: new Query(store),
      facts: {
        version: VERSION,
        storage: store.mode,
        ...(store.mode === 'embedded' && { dataDir: config.dataDir }),
        selfProfile: config.selfProfile,
        ...(config.cost && { cost: config.cost }),
      },
      targets: collector,
      control: agents.control,
      deletes: { count: (target) => store.countDeletion(target), run: (target) => store.delete(target) },
      allowedHosts: [config.listen.host, ...config.allowHosts],
      // A child, so that its level is its own.
      logger: logger.child({}),
      tokens: tokens.list,
      metrics,
      insight: {
        ...insightOf(connection, store.mode === 'embedded' ? config.dataDir : undefined),
        lagSeconds: () => store.rollups.lag(),
        damagedParts: () => damage.read(),
        decoding: () => decoder.load,
      },
      ...(tls && { serverFactory: tls.serverFactory }),
      plugins: async (server) => {
        await server.register(ingestRoutes, {
          ingest,
          control: agents.control,
          bodyLimit: config.limits.bodyBytes,
          decodedLimit: config.limits.profileBytes,
          inFlightLimit: config.limits.inFlightBytes,
        });
      },
    });
    // The banner says where the server listens; Fastify would say so once more.
    const { level } = app.log;
    app.log.level = 'warn';
    await app.listen(config.listen);
    app.log.level = level;
    const address = app.server.address();
    const port = typeof address === 'object' && address ? address.port : config.listen.port;
    collector.start();
    const self = config.selfProfile ? startSelfProfile(timed('self'), VERSION, logger) : undefined;
    return {
      url: urlOf({ ...config.listen, port }, tls ? 'https' : 'http'),
      reload() {
        tokens.reload();
        tls?.reload();
        agents.reload();
      },
      async stop() {
        tokens.stop();
        const impatient = setTimeout(() => app.server.closeAllConnections(), STOP_DEADLINE_MS);
        // A connection whose answer was under way is kept alive after it: nothing comes on it any more.
        const idle = setInterval(() => app.server.closeIdleConnections(), STOP_IDLE_MS);
        await app.close();
        clearTimeout(impatient);
        clearInterval(idle);
        await Promise.all([collector.stop(), self?.stop(), decoder.close()]);
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What was set up and can hardly be meant. */
function warnOfOpenDoors(config: ServeConfig, { list }: TokenSource, logger: Logger): void {
  if (list.isEmpty) return;
  if (!list.all.some((token) => allows(token, 'read'))) {
    logger.warn('no token is for read or admin: nobody can look at the page');
  }
  if (!config.tls && !config.insecure && !isLoopback(config.listen.host)) {
    logger.warn(
      'tokens cross the network in the clear: set --tls-cert and --tls-key, or put a proxy with TLS in front',
    );
  }
}
