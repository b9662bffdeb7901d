import type { ClickHouseSettings } from '@clickhouse/client';
import type { QueryLimits } from './connection.ts';
import type { Topology } from './topology.ts';

/**
 * What each kind of statement says to a ClickHouse reached by URL, whatever the profile of its user. `cluster` of the
 * functions: only where tables are Distributed.
 *
 * `async_insert` is on by default in newer servers; a group of pushes is a batch already, and its 2xx waits for it.
 */
export function writingSettings(topology: Topology): ClickHouseSettings {
  return {
    async_insert: 0,
    ...(topology.cluster !== undefined && {
      ...ROUTING,
      // The insert returns when every shard has its rows in a part, not when they lie in a queue on the first node.
      distributed_foreground_insert: 1,
    }),
  };
}

/**
 * `wait_end_of_query`: an error in the middle of an answer, as of a limit, comes as a status instead of inside of it;
 * answers are some megabytes at most.
 */
export function readingSettings(topology: Topology): ClickHouseSettings {
  return { wait_end_of_query: 1, ...(topology.cluster !== undefined && { ...ROUTING, ...READING }) };
}

/** Seconds that a replica may lag to be summed up from: far less than the margin of a minute (`rollups.ts`). */
const LAG_SECONDS = 30;

/**
 * Rollups. A replica that lacks rows for longer than the margin would make buckets look computed that are not: such a
 * replica is not asked, and where all lag the round fails and is tried again.
 */
export function backgroundSettings(topology: Topology): ClickHouseSettings {
  const everywhere: ClickHouseSettings = { ...writingSettings(topology), wait_end_of_query: 1 };
  if (topology.cluster === undefined) return everywhere;
  const onCluster: ClickHouseSettings = {
    ...READING,
    max_replica_delay_for_distributed_queries: String(LAG_SECONDS),
    fallback_to_stale_replicas_for_distributed_queries: 0,
    // Sums are made on the shards and sent from here by service, so that the statement need not be one that the
    // engine can take apart.
    parallel_distributed_insert_select: '0',
  };
  return Object.assign(everywhere, onCluster, ACTIVE_NODES);
}

/** Ends of questions on all nodes: nobody waits for them. */
export function controlSettings(topology: Topology): ClickHouseSettings {
  return topology.cluster === undefined ? {} : { distributed_ddl_task_timeout: '0' };
}

/**
 * The first replica of a shard that is up, in the order of `remote_servers`, whichever node is asked: what one server
 * has acknowledged is read by all at once, without a quorum. The others are copies that take over.
 */
const ROUTING: ClickHouseSettings = { load_balancing: 'in_order', prefer_localhost_replica: 0 };

const READING: ClickHouseSettings = {
  // Names are beside the profiles of their service: each shard looks them up in its own tables.
  distributed_product_mode: 'local',
  // A question for one service asks one shard.
  optimize_skip_unused_shards: 1,
};

/**
 * A node that is down is not waited for; it does what it missed when it is back. (The client's list of values is
 * older than this one.)
 */
const ACTIVE_NODES: Record<string, string> = { distributed_ddl_output_mode: 'throw_only_active' };

/** How long an answer may take on its way beyond what the engine may take for it, ms. */
const ON_THE_WAY_MS = 15_000;

export const WRITE_TIMEOUT_MS = 60_000;
/** Rollups, changes of tables. */
export const BACKGROUND_TIMEOUT_MS = 600_000;

export function readTimeout({ seconds }: QueryLimits): number {
  return seconds * 1000 + ON_THE_WAY_MS;
}
