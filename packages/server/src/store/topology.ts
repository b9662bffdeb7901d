/**
 * Where the tables lie. One engine (in this process, or one ClickHouse by URL) has each table once. On a cluster a
 * table is two: `NAME_local` on every node, replicated within its shard, and `NAME`, which spreads rows over the shards
 * by their service and reads them all. Questions name `NAME` and are the same everywhere; what changes a table on
 * its nodes goes to `NAME_local`.
 */
export interface Topology {
  /** The cluster's name in ClickHouse's `remote_servers`; without one there is one engine. */
  readonly cluster?: string;
}

export const DATABASE = 'everflame';

export const SINGLE: Topology = {};

/** What a cluster may be called: it stands in statements, where no parameter may. */
export const CLUSTER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;

/** @throws RangeError where the name is none: who takes it from a user says so in words of their own */
export function topologyOf(cluster: string | undefined): Topology {
  if (cluster === undefined) return SINGLE;
  if (!CLUSTER_NAME.test(cluster)) throw new RangeError(`${JSON.stringify(cluster)} cannot name a cluster`);
  return { cluster };
}

/** What a statement on every node has after its table; nothing for one engine. */
export function onCluster({ cluster }: Topology): string {
  return cluster === undefined ? '' : ` ON CLUSTER '${cluster}'`;
}

/** Where the rows of a table really are: its name within the database. */
export function storedName(table: string, { cluster }: Topology): string {
  return cluster === undefined ? table : `${table}_local`;
}

/** The table's name, given that of where its rows are. */
export function tableOf(stored: string, { cluster }: Topology): string {
  return cluster === undefined ? stored : stored.replace(/_local$/, '');
}

/** What stands after ALTER TABLE to change rows or partitions of a table where they are. */
export function storedTable(table: string, topology: Topology): string {
  return `${DATABASE}.${storedName(table, topology)}${onCluster(topology)}`;
}

/** A system table of every node. @param table such as `system.parts` */
export function ofAllNodes(table: string, { cluster }: Topology): string {
  return cluster === undefined ? table : `clusterAllReplicas('${cluster}', ${table})`;
}
