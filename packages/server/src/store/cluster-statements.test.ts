import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { killStatement } from './client-pool.ts';
import type { QueryParams, StoreConnection } from './connection.ts';
import { Deletion } from './deletion.ts';
import { openEmbedded } from './embedded.ts';
import { expire } from './expiry.ts';
import { Lease } from './lease.ts';
import { migrate } from './migrate.ts';
import { Retention } from './retention.ts';
import { Rollups } from './rollups.ts';
import { topologyOf } from './topology.ts';

/**
 * What is sent to a cluster at work: each statement is parsed by the engine, and is not run. What the cluster would
 * answer is said here.
 */
let dataDir: string;
let engine: StoreConnection;
let statements: string[];
let answers: [RegExp, unknown[] | Error][];
let cluster: StoreConnection;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-statements-'));
  engine = openEmbedded({ dataDir });
});

afterAll(async () => {
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

beforeEach(() => {
  statements = [];
  answers = [];
  const parse = async <T>(sql: string, params?: QueryParams): Promise<T[]> => {
    await engine.rows(`EXPLAIN AST ${sql}`, params);
    statements.push(sql.replace(/\s+/g, ' '));
    const answer = answers.find(([pattern]) => pattern.test(sql))?.[1] ?? [];
    if (answer instanceof Error) throw answer;
    return answer as T[];
  };
  cluster = {
    mode: 'cluster',
    topology: topologyOf('prod'),
    rows: parse,
    background: parse,
    command: async (sql, params) => void (await parse(sql, params)),
    bytes: async () => new Uint8Array(),
    insert: async () => {},
    close: async () => {},
  };
});

it('drops partitions that some node has, on all nodes, where the rows are', async () => {
  answers = [
    [/system\.parts/, [{ table: 'profiles_local', partition: "('default','2020-01-01')", id: 'abc' }]],
  ];
  expect(await expire(cluster, new Retention())).toEqual([
    { table: 'profiles', partition: "('default','2020-01-01')" },
  ]);
  expect(statements[0]).toContain("FROM clusterAllReplicas('prod', system.parts)");
  expect(statements.slice(1)).toEqual([
    "ALTER TABLE everflame.profiles_local ON CLUSTER 'prod' DROP PARTITION ID {id:String}",
  ]);
});

it('deletes where the rows are, asking the series beside them, and no names', async () => {
  answers = [[/FROM everflame\.series\s+WHERE/, [{ service: 'shop', series: 1 }]]];
  const deletion = new Deletion(cluster, new Rollups(cluster));
  await deletion.run(
    {
      services: [{ label: 'service_name', operator: '=', value: 'shop' }],
      labels: [{ label: 'env', operator: '=', value: 'test' }],
    },
    0,
  );
  const deletes = statements.filter((sql) => sql.startsWith('ALTER'));
  expect(deletes.map((sql) => /^ALTER TABLE (.*) DELETE/.exec(sql)?.[1])).toEqual(
    ['profiles', 'profiles_5m', 'profiles_1h'].map((table) => `everflame.${table}_local ON CLUSTER 'prod'`),
  );
  for (const sql of deletes) {
    expect(sql).toContain('SELECT series FROM everflame.series_local WHERE');
    expect(sql).toContain('mutations_sync = 2, allow_nondeterministic_mutations = 1');
  }
});

it('makes the table of leases on all nodes, and works without where it cannot be made', async () => {
  answers = [[/SELECT holder/, [{ holder: 'other', until: 1, left: 10 }]]];
  expect(await new Lease(cluster, 'test').take()).toBe(false);
  expect(statements[1]).toMatch(
    /^CREATE TABLE IF NOT EXISTS everflame\.leases ON CLUSTER 'prod' .*KeeperMap/,
  );
  answers = [[/KeeperMap/, Object.assign(new Error('KeeperMap is disabled'), { code: '36' })]];
  expect(await new Lease(cluster, 'test').take()).toBe(true);
});

it('sends nothing to all nodes at a start with nothing to do', async () => {
  answers = [
    [/system\.tables/, [{ n: 1 }]],
    [/max\(version\)/, [{ version: 5 }]],
  ];
  expect(await migrate(cluster)).toEqual([]);
  expect(statements.filter((sql) => !sql.startsWith('SELECT'))).toEqual([]);
});

it('tries again what met another server that did the same, and says what stays wrong', async () => {
  let met = 0;
  const meeting: StoreConnection = {
    ...cluster,
    command: async (sql, params) => {
      if (sql.includes('ADD COLUMN') && met++ < 2) {
        throw Object.assign(new Error('Metadata on replica is not up to date'), { code: '517' });
      }
      await cluster.command(sql, params);
    },
  };
  expect(await migrate(meeting)).toEqual([1, 2, 3, 4, 5]);
  expect(met).toBeGreaterThan(2);
  const broken: StoreConnection = {
    ...cluster,
    command: async () => {
      throw Object.assign(new Error('no'), { code: '36' });
    },
    explain: (error) => new Error(`explained: ${error instanceof Error ? error.message : ''}`),
  };
  await expect(migrate(broken)).rejects.toThrow('explained: no');
});

it('ends questions on whichever node they run', async () => {
  const sql = killStatement('0123', cluster.topology ?? {});
  expect(sql).toMatch(/^KILL QUERY ON CLUSTER 'prod' WHERE .* ASYNC$/);
  expect((await engine.rows(`EXPLAIN AST ${sql}`)).length).toBeGreaterThan(0);
});
