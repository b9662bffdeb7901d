import { DEFAULT_LIMITS } from '@everflame/profile';
import type { Logger } from 'pino';
import { createApiServer } from '../api/api-server.ts';
import { Collector } from '../collect/collector.ts';
import { Ingest } from '../ingest/ingest.ts';
import { ingestRoutes } from '../ingest/routes.ts';
import { Query } from '../query/query.ts';
import { openCluster } from '../store/cluster.ts';
import { openEmbedded } from '../store/embedded.ts';
import { Store } from '../store/store.ts';
import { urlOf } from './listen-address.ts';
import { maintenanceLog } from './maintenance-log.ts';
import { startSelfProfile } from './self-profile.ts';
import type { ServeConfig } from './serve-config.ts';
import { VERSION } from './version.ts';

export interface RunningServer {
  /** Address for agents and browsers on this machine. */
  readonly url: string;
  stop(): Promise<void>;
}

/** How long requests under way may take to end when the server stops. */
const STOP_DEADLINE_MS = 10_000;
const STOP_IDLE_MS = 50;

/** Wires the rooms together and listens. Whatever fails on the way is closed again. */
export async function serve(config: ServeConfig, logger: Logger): Promise<RunningServer> {
  const connection = config.clickhouse
    ? openCluster(config.clickhouse, config.limits.query)
    : openEmbedded({ dataDir: config.dataDir, limits: config.limits.query });
  const store = await Store.open(connection, {
    retention: config.retention,
    ...(config.dropLabels && { rollups: { dropLabels: config.dropLabels } }),
    maintenance: maintenanceLog(logger),
  });
  try {
    const ingest = new Ingest(store, { ...DEFAULT_LIMITS, bytes: config.limits.profileBytes });
    const collector = new Collector({ targets: config.collect?.targets ?? [], sink: store, logger });
    const app = await createApiServer({
      query: new Query(store),
      facts: {
        version: VERSION,
        storage: store.mode,
        ...(store.mode === 'embedded' && { dataDir: config.dataDir }),
        selfProfile: config.selfProfile,
      },
      targets: collector,
      allowedHosts: [config.listen.host, ...config.allowHosts],
      logger,
      plugins: async (server) => {
        await server.register(ingestRoutes, {
          ingest,
          bodyLimit: config.limits.bodyBytes,
          decodedLimit: config.limits.profileBytes,
          inFlightLimit: config.limits.inFlightBytes,
        });
      },
    });
    await app.listen(config.listen);
    const address = app.server.address();
    const port = typeof address === 'object' && address ? address.port : config.listen.port;
    collector.start();
    const self = config.selfProfile ? startSelfProfile(store, VERSION, logger) : undefined;
    return {
      url: urlOf({ ...config.listen, port }),
      async stop() {
        const impatient = setTimeout(() => app.server.closeAllConnections(), STOP_DEADLINE_MS);
        // A connection whose answer was under way is kept alive after it: nothing comes on it any more.
        const idle = setInterval(() => app.server.closeIdleConnections(), STOP_IDLE_MS);
        await app.close();
        clearTimeout(impatient);
        clearInterval(idle);
        await Promise.all([collector.stop(), self?.stop()]);
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
