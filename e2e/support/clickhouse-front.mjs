/**
 * ClickHouse's HTTP interface in front of the embedded engine (chDB), as far as `@clickhouse/client` uses it: a real
 * engine behind a real socket, in a process of its own, for tests of what crosses the wire.
 *
 * With `--cluster NAME --shards N` the engine has Keeper (its own, in memory) and `remote_servers`, so that KeeperMap
 * and Distributed are real. What it cannot do is rewritten, in that mode alone:
 *
 *   ON CLUSTER                  is taken out: the engine runs no queue of distributed DDL; it is all nodes itself
 *   Replicated…MergeTree(p, r)  is made …MergeTree(): chDB never becomes an active replica
 *   prefer_localhost_replica    is not set: every shard is this engine, which has no native port to be reached by
 * With `--replicated` the second is left out: replicated tables can then be made, and checked against Keeper, but not
 * written. With two shards both are this engine: a question that asks both sees every row twice.
 *
 *     node clickhouse-front.mjs --data DIR [--port N] [--user U] [--password P] [--keeper] [--cluster NAME --shards N
 *         [--replicated]]
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';

const { Session } = createRequire(new URL('../../packages/server/package.json', import.meta.url))('chdb');

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '0' },
    user: { type: 'string', default: 'default' },
    password: { type: 'string', default: '' },
    keeper: { type: 'boolean', default: false },
    cluster: { type: 'string' },
    shards: { type: 'string', default: '1' },
    replicated: { type: 'boolean', default: false },
  },
});

/** Statements at once; ends of statements have a session of their own, or they would wait behind what they end. */
const SESSIONS = 10;
/** Of the HTTP interface alone: the engine knows no such settings. */
const HTTP_ONLY = new Set([
  ...['query', 'database', 'default_format', 'query_id', 'session_id', 'role', 'user', 'password'],
  ...['wait_end_of_query', 'buffer_size', 'compress', 'decompress', 'enable_http_compression'],
  ...['send_progress_in_http_headers', 'http_headers_progress_interval_ms', 'quota_key'],
  ...(options.cluster === undefined ? [] : ['prefer_localhost_replica']),
]);
const STATUS = { 516: 401, 497: 403, 60: 404, 62: 400, 115: 400 };

mkdirSync(options.data, { recursive: true });
const config = join(options.data, 'front.xml');
writeFileSync(config, engineConfig());
const engine = new Session(join(options.data, 'engine'), { connectionArgs: [`--config-file=${config}`] });
const newSession = () => {
  const session = new Session(join(options.data, 'engine'));
  // Parameters are set by a statement here, which may be as long as they are.
  session.query('SET max_query_size = 100000000');
  return session;
};
const killer = newSession();
const free = Array.from({ length: SESSIONS }, newSession);
const waiting = [];

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    const message = String(error?.message ?? error).replace(/^Query failed: /, '');
    const code = /^Code: (\d+)\./.exec(message)?.[1] ?? '1002';
    response.writeHead(STATUS[code] ?? 500, {
      'Content-Type': 'text/plain; charset=UTF-8',
      'X-ClickHouse-Exception-Code': code,
    });
    response.end(message.startsWith('Code:') ? message : `Code: 1002. DB::Exception: ${message}`);
  });
});
server.keepAliveTimeout = 10_000;
server.listen(Number(options.port), '127.0.0.1', () => {
  console.log(`ready http://127.0.0.1:${server.address().port}`);
});
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  for (const session of [...free, killer, engine]) session.close();
  process.exit(0);
});

async function answer(request, response) {
  const url = new URL(request.url, 'http://front');
  const body = await readBody(request);
  if (url.pathname === '/ping') return response.end('Ok.\n');
  authenticate(request, url.searchParams);
  const fields = new Map(url.searchParams);
  let data = body;
  if (/^multipart\/form-data/.test(request.headers['content-type'] ?? '')) {
    const form = await new Response(body, {
      headers: { 'content-type': request.headers['content-type'] },
    }).formData();
    for (const [name, value] of form) fields.set(name, String(value));
    data = Buffer.alloc(0);
  }
  const inUrl = fields.get('query');
  const sql = rewritten(inUrl ?? data.toString());
  const result = await run(sql, fields, inUrl === undefined ? undefined : data);
  const zip =
    fields.get('enable_http_compression') === '1' && /gzip/.test(request.headers['accept-encoding'] ?? '');
  response.writeHead(200, {
    'X-ClickHouse-Query-Id': fields.get('query_id') ?? '',
    'X-ClickHouse-Summary': '{}',
    ...(zip && { 'Content-Encoding': 'gzip' }),
  });
  response.end(zip ? gzipSync(result) : result);
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function authenticate({ headers }, params) {
  const basic = /^Basic (.*)$/.exec(headers.authorization ?? '')?.[1];
  const [user, ...rest] = basic
    ? Buffer.from(basic, 'base64').toString().split(':')
    : [
        headers['x-clickhouse-user'] ?? params.get('user') ?? 'default',
        headers['x-clickhouse-key'] ?? params.get('password') ?? '',
      ];
  const given = Buffer.from(rest.join(':').padEnd(64));
  if (user === options.user && timingSafeEqual(given, Buffer.from(options.password.padEnd(64)))) return;
  throw new Error(
    `Code: 516. DB::Exception: ${user}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)`,
  );
}

/** One statement with its parameters and settings, which are gone from the session after it. */
async function run(sql, fields, data) {
  const isKill = /^\s*KILL\b/.test(sql);
  const session = isKill ? killer : (free.pop() ?? (await new Promise((next) => waiting.push(next))));
  const sets = [...fields].filter(([name]) => !HTTP_ONLY.has(name) && /^\w+$/.test(name));
  const settings = sets.filter(([name]) => !name.startsWith('param_'));
  let file;
  try {
    if (sets.length > 0) {
      await session.queryAsync(`SET ${sets.map(([name, value]) => `${name} = ${quote(value)}`).join(', ')}`);
    }
    let statement = sql;
    const inline = /^([\s\S]*?)\s+FORMAT\s+(\w+)\s*$/i.exec(sql);
    if (data && data.length > 0 && inline && /\bINSERT\s+INTO\b/i.test(sql)) {
      // The engine takes no binary data inline.
      file = join(options.data, `body-${randomBytes(8).toString('hex')}`);
      await writeFile(file, data);
      statement = `${inline[1]} SELECT * FROM file(${quote(file)}, ${quote(inline[2])})`;
    }
    const format = fields.get('default_format') ?? 'TabSeparated';
    return Buffer.from((await session.queryAsync(statement, { format })).bytes());
  } finally {
    if (file) await unlink(file).catch(() => {});
    if (settings.length > 0) {
      const reset = settings.map(([name]) => `${name} = DEFAULT`).join(', ');
      await session.queryAsync(`SET ${reset}`).catch(() => {});
    }
    if (!isKill) {
      const next = waiting.shift();
      if (next) next(session);
      else free.push(session);
    }
  }
}

function rewritten(sql) {
  if (options.cluster === undefined) return sql;
  const here = sql.replace(/ ON CLUSTER '[^']*'/g, '');
  if (options.replicated) return here;
  return here.replace(/Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?([^)]*)\)/g, '$1($2)');
}

function quote(value) {
  return `'${String(value).replace(/[\\']/g, '\\$&')}'`;
}

function engineConfig() {
  const shard =
    '<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>9000</port></replica></shard>';
  const cluster =
    options.cluster === undefined
      ? ''
      : `<remote_servers><${options.cluster}>${shard.repeat(Number(options.shards))}</${options.cluster}></remote_servers>
  <macros><shard>1</shard><replica>1</replica></macros>`;
  const keeper =
    options.keeper || options.cluster !== undefined
      ? `<zookeeper><implementation>testkeeper</implementation></zookeeper>
  <keeper_map_path_prefix>/keeper_map</keeper_map_path_prefix>`
      : '';
  return `<clickhouse>
  <max_server_memory_usage>${800 << 20}</max_server_memory_usage>
  <tcp_port>9000</tcp_port>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  ${keeper}
  ${cluster}
</clickhouse>
`;
}
