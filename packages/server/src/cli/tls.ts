import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { FastifyServerFactory } from 'fastify';
import type { Logger } from 'pino';
import { TIMEOUTS } from '../api/api-server.ts';
import { ConfigError } from './config-error.ts';

/** Files in PEM. The certificate's may hold the chain, its own first. */
export interface TlsConfig {
  readonly cert: string;
  readonly key: string;
}

interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

/** HTTPS with a certificate that can be renewed while the server runs. */
export class Tls {
  readonly #config: TlsConfig;
  readonly #logger: Logger;
  #files: TlsFiles;
  /** One for each address that a name such as localhost stands for. */
  readonly #servers: Server[] = [];

  /** @throws ConfigError where the files cannot be used */
  constructor(config: TlsConfig, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#files = readTlsFiles(config);
  }

  /** For Fastify. */
  readonly serverFactory: FastifyServerFactory = (handler) => {
    const server = createServer({ ...this.#files, ...TIMEOUTS }, handler);
    this.#servers.push(server);
    return server;
  };

  /** Reads the files again; connections that are open go on as they are. A mistake leaves everything as it is. */
  reload(): void {
    try {
      this.#files = readTlsFiles(this.#config);
      for (const server of this.#servers) server.setSecureContext({ ...this.#files });
      const { validTo } = new X509Certificate(this.#files.cert);
      this.#logger.info({ validTo }, 'the certificate was read again');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#logger.error(`${message} The certificate from before stays in force.`);
    }
  }
}

/** @throws ConfigError which says what is wrong with which file, and nothing of the key */
export function readTlsFiles({ cert, key }: TlsConfig): TlsFiles {
  const files = { cert: read('cert', cert), key: read('key', key) };
  const certificate = parsed('cert', cert, 'certificate', () => new X509Certificate(files.cert));
  const privateKey = parsed('key', key, 'private key without a passphrase', () =>
    createPrivateKey(files.key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ConfigError(`tls: ${key} is not the key of the certificate in ${cert}.`);
  }
  if (new Date(certificate.validTo).getTime() < Date.now()) {
    throw new ConfigError(`tls.cert: the certificate in ${cert} was valid until ${certificate.validTo}.`);
  }
  return { ...files, minVersion: 'TLSv1.2' };
}

function read(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`tls.${what}: ${path} cannot be read (${reason}).`, { cause });
  }
}

function parsed<T>(what: string, path: string, wanted: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new ConfigError(`tls.${what}: ${path} holds no ${wanted} in PEM.`);
  }
}
