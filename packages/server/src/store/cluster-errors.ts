import { StoreError, type StoreErrorCode } from './store-error.ts';
import type { Topology } from './topology.ts';

interface Known {
  readonly code: StoreErrorCode;
  readonly sentence: string;
}

const DENIED = 'Check user and password in the URL of --clickhouse.';

/** Errors of ClickHouse that keep a server from starting, by their number, and what to do. */
const BY_NUMBER: Readonly<Record<string, Known>> = {
  192: { code: 'engine_denied', sentence: `ClickHouse does not know the user. ${DENIED}` },
  193: { code: 'engine_denied', sentence: `ClickHouse refuses the password. ${DENIED}` },
  194: { code: 'engine_denied', sentence: `ClickHouse asks for a password. ${DENIED}` },
  516: { code: 'engine_denied', sentence: `ClickHouse does not let the user in. ${DENIED}` },
  497: {
    code: 'engine_denied',
    sentence: 'The ClickHouse user lacks a grant; docs/cluster.md lists those that are needed.',
  },
  170: { code: 'engine_unsuitable', sentence: '' },
  701: { code: 'engine_unsuitable', sentence: '' },
  139: {
    code: 'engine_unsuitable',
    sentence: 'A node has no macros: set {shard} and {replica} as docs/cluster.md shows.',
  },
  62: {
    code: 'engine_unsuitable',
    sentence: 'ClickHouse does not understand a statement: it may be too old.',
  },
  225: { code: 'engine_unsuitable', sentence: 'ClickHouse has no Keeper, which replicated tables need.' },
  392: { code: 'engine_unsuitable', sentence: 'ClickHouse has no distributed_ddl: set it on every node.' },
  159: {
    code: 'engine_unreachable',
    sentence: 'A node of the cluster did not answer in time. Start it, or take it out of remote_servers.',
  },
};

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
]);

/** What kept a store from opening. What is not known stays as it is. @param url its password is not shown */
export function startError(error: unknown, url: string, { cluster }: Topology): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const number = 'code' in error ? String(error.code) : '';
  const where = withoutSecrets(url);
  if (UNREACHABLE.has(number) || /timeout error/i.test(error.message)) {
    return new StoreError(
      'engine_unreachable',
      `No ClickHouse answers at ${where} (${error.message || number}). Check --clickhouse, and that it is running.`,
      { cause: error },
    );
  }
  const known = BY_NUMBER[number];
  if (!known) return error;
  const sentence =
    known.sentence ||
    `ClickHouse knows no cluster ${cluster}: name one of its remote_servers in --clickhouse-cluster.`;
  return new StoreError(known.code, `${sentence} ${where} says: Code: ${number}. ${error.message}`, {
    cause: error,
  });
}

/** A URL as it may be shown. */
export function withoutSecrets(url: string): string {
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  } catch {
    return 'the URL';
  }
}
