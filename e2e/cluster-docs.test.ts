import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from './support/server.ts';

/** What docs/cluster.md tells people to write is read by the engine: its SQL is parsed, its configuration loaded. */
const page = readFileSync(join(ROOT, 'docs/cluster.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text);

interface Engine {
  query(sql: string, format: string): string;
  close(): void;
}

let dir: string;
let engine: Engine;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'everflame-docs-'));
  const [keeper, cluster, macros] = blocks('xml');
  expect(keeper).toContain('<keeper_server>');
  const inner = (xml: string) => /<clickhouse>([\s\S]*)<\/clickhouse>/.exec(xml)?.[1] ?? '';
  // Nodes by these names are not there: their addresses are not looked for.
  const here = inner(cluster).replace(/<host>ch-\d(\d)<\/host>/g, '<host>127.0.0.$1</host>');
  const config = join(dir, 'config.xml');
  writeFileSync(config, `<clickhouse>${here}${inner(macros)}</clickhouse>`);
  const { Session } = createRequire(join(ROOT, 'packages/server/package.json'))('chdb');
  engine = new Session(join(dir, 'engine'), { connectionArgs: [`--config-file=${config}`] });
});

afterAll(() => {
  engine.close();
  rmSync(dir, { recursive: true, force: true });
});

it('has SQL that the engine parses', () => {
  const statements = blocks('sql').flatMap((block) =>
    block.split(/;\s*\n|;\s*$/).filter((sql) => sql.trim()),
  );
  statements.push(...[...page.matchAll(/`((?:ALTER USER|GRANT)[^`]*)`/g)].map(([, sql]) => sql));
  expect(statements.length).toBeGreaterThan(9);
  for (const sql of statements) {
    expect(() => engine.query(`EXPLAIN AST ${sql}`, 'TSV'), sql).not.toThrow();
  }
  expect(() => engine.query('EXPLAIN AST GRANT ON CLUSTRE x SELECT ON y TO z', 'TSV')).toThrow(
    /Syntax error/,
  );
});

it('has a cluster of two shards with two replicas, and macros', () => {
  const shards = engine.query(
    "SELECT shard_num, count() FROM system.clusters WHERE cluster = 'everflame' GROUP BY shard_num ORDER BY 1",
    'TSV',
  );
  expect(String(shards)).toBe('1\t2\n2\t2\n');
  expect(String(engine.query('SELECT * FROM system.macros ORDER BY 1', 'TSV'))).toBe(
    'replica\t2\nshard\t1\n',
  );
});
