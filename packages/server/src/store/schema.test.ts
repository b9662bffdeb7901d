import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreConnection } from './connection.ts';
import { openEmbedded } from './embedded.ts';
import { bookkeeping, MIGRATIONS } from './schema.ts';
import { SINGLE, topologyOf } from './topology.ts';

const CLUSTER = topologyOf('prod');
const all = (topology: typeof CLUSTER) => [
  ...bookkeeping(topology),
  ...MIGRATIONS.flatMap((migration) => migration.statements(topology)),
];

let dataDir: string;
let connection: StoreConnection;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-schema-'));
  connection = openEmbedded({ dataDir });
});

afterAll(async () => {
  await connection.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** The statement as the engine's own parser writes it: what was not understood is not in it. */
async function formatted(statement: string): Promise<string> {
  const [row] = await connection.rows<{ sql: string }>('SELECT formatQuery({statement:String}) AS sql', {
    statement,
  });
  return row?.sql ?? '';
}

describe('on a cluster', () => {
  it('is what the engine parses, every statement on all nodes', async () => {
    for (const statement of all(CLUSTER)) {
      const tree = await connection.rows(`EXPLAIN AST ${statement}`);
      expect(tree.length).toBeGreaterThan(1);
      expect(await formatted(statement)).toContain('ON CLUSTER prod');
    }
    await expect(connection.rows('EXPLAIN AST CREATE TABLE x ON CLUSTRE c (y UInt8)')).rejects.toThrow(
      /Syntax error/,
    );
  });

  it('keeps rows in replicated tables, by shard, and spreads them by service', async () => {
    const creates = (await Promise.all(all(CLUSTER).map(formatted))).filter((sql) =>
      /^CREATE TABLE/.test(sql),
    );
    const tables = ['frames', 'profiles', 'profiles_1h', 'profiles_5m', 'series', 'stacks'];
    for (const table of tables) {
      const of = (name: string) => creates.filter((sql) => sql.includes(`everflame.${name} ON CLUSTER`));
      const version = table.startsWith('profiles_') ? ', computed' : '';
      expect(of(`${table}_local`)).toEqual([
        expect.stringContaining(
          `ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/everflame/${table}', '{replica}'${version})`,
        ),
      ]);
      expect(of(`${table}_local`)[0]).toContain('replicated_deduplication_window = 0');
      expect(of(table)).toEqual([
        expect.stringContaining(`Distributed('prod', 'everflame', '${table}_local', cityHash64(service))`),
      ]);
    }
    expect(creates).toHaveLength(tables.length * 2 + 1);
  });

  it('changes both tables when a column comes, that of the nodes first', () => {
    const alters = all(CLUSTER).filter((sql) => sql.includes('ADD COLUMN'));
    const columns = alters.map((sql) => /TABLE (\S+)[\s\S]*EXISTS (\S+)/.exec(sql)?.slice(1));
    const added = [
      'inserted',
      'span_ids',
      'span_traces_high',
      'span_traces_low',
      'span_stacks',
      'span_values',
    ];
    expect(columns).toEqual(
      added.flatMap((column) => [
        ['everflame.profiles_local', column],
        ['everflame.profiles', column],
      ]),
    );
  });
});

it('says on one engine what it always said', async () => {
  // Released migrations are never edited: what is in a data directory was made by these.
  expect((await Promise.all(all(SINGLE).map(formatted))).join(';\n')).toMatchSnapshot();
});

it('says on a cluster what was checked', async () => {
  expect((await Promise.all(all(CLUSTER).map(formatted))).join(';\n')).toMatchSnapshot();
});

it('takes no name of a cluster that could end a string', () => {
  for (const name of ["x' SYNC", '', 'a b', '1x']) expect(() => topologyOf(name)).toThrow(RangeError);
  expect(topologyOf('prod-eu.1')).toEqual({ cluster: 'prod-eu.1' });
});
