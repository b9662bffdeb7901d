import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What an agent sent, and what it was answered. */
export interface Attempt {
  /** Unix ms. */
  readonly at: number;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly instance: string;
  readonly sequence: number;
  /** No push, but the question what to do (/ingest/control). */
  readonly isQuestion: boolean;
  /** Whether the server has taken it: what it says it stored, whether or not that reached the agent. */
  stored: boolean;
}

/** How the server answers. */
export type Reply =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly afterMs?: number;
    }
  /** The connection ends with RST; `stored`: after it was taken. */
  | { readonly broken: 'before' | 'stored' }
  /** Half of the head, or of the body, of a 200. */
  | { readonly half: 'head' | 'body' }
  /** Nothing ever comes back. */
  | { readonly hangs: true };

export const STORED: Reply = { status: 200, body: '{"status":"stored","control":{}}' };
export const BROKEN_BEFORE: Reply = { broken: 'before' };

/** A server that takes pushes, and misbehaves as servers and networks do. */
export class FakeServer {
  readonly attempts: Attempt[] = [];
  /** What agents asked while they were off. */
  readonly questions: Attempt[] = [];
  /** Called for each push, with how many there were before. */
  behave: (n: number, attempt: Attempt) => Reply = () => STORED;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  static async start(behave?: (n: number, attempt: Attempt) => Reply): Promise<FakeServer> {
    const server = new FakeServer();
    if (behave) server.behave = behave;
    await server.appear();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Pushes that were taken, each once, in order. */
  get stored(): Attempt[] {
    const first = new Map<number, Attempt>();
    for (const attempt of this.attempts) {
      if (attempt.stored && !first.has(attempt.sequence)) first.set(attempt.sequence, attempt);
    }
    return [...first.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** On the port that it had, if it had one. */
  async appear(): Promise<void> {
    const server = createServer((request, response) => void this.#take(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(this.#port, '127.0.0.1', listening);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As a machine that is switched off: connections end, and new ones are refused. */
  async vanish(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server?.close(() => done()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server?.listening) await this.vanish();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the agent gave up
    }
    const attempt: Attempt = {
      at: Date.now(),
      target: request.url ?? '',
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks),
      instance: String(request.headers['everflame-instance']),
      sequence: Number(request.headers['everflame-sequence'] ?? -1),
      isQuestion: request.url?.startsWith('/ingest/control') === true,
      stored: false,
    };
    const reply = this.behave(this.attempts.length, attempt);
    attempt.stored =
      ('status' in reply && Math.floor(reply.status / 100) === 2) ||
      ('broken' in reply && reply.broken === 'stored') ||
      'half' in reply;
    (attempt.isQuestion ? this.questions : this.attempts).push(attempt);
    await answer(reply, request.socket, response);
  }
}

async function answer(reply: Reply, socket: Socket, response: ServerResponse): Promise<void> {
  if ('hangs' in reply) return;
  if ('broken' in reply) {
    socket.resetAndDestroy();
    return;
  }
  if ('half' in reply) {
    const text =
      reply.half === 'head' ? 'HTTP/1.1 200 O' : 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status":';
    socket.end(text);
    return;
  }
  if (reply.afterMs) await sleep(reply.afterMs);
  const body = reply.body ?? '';
  response.writeHead(reply.status, { 'content-length': Buffer.byteLength(body), ...reply.headers });
  response.end(body);
}
