import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ServerUrl } from './server-url.ts';

/**
 * One HTTP POST, and the answer to it, over a connection of its own that keeps no process alive.
 *
 * Not `node:http`: that is what tracing and recording libraries wrap, who would report the agent's pushes as the
 * program's, and whose global agent and interceptors a program may have replaced.
 */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of it. */
  readonly body: Buffer;
}

const MAX_HEAD = 32 * 1024;
const MAX_BODY = 64 * 1024 + 1;

/** @throws Error where no answer came within the time, or none that is HTTP. */
export function post(
  server: ServerUrl,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  timeoutMs: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket: Socket = server.https
      ? connectTls({
          host: server.host,
          port: server.port,
          ...(isName(server.host) && { servername: server.host }),
        })
      : connectPlain({ host: server.host, port: server.port });
    // A deadline for all of it: a server that sends a byte now and then is no answer.
    const deadline = setTimeout(() => finish(new Error('timed out')), timeoutMs);
    deadline.unref();
    socket.unref();
    let received: Buffer = Buffer.alloc(0);
    let settled = false;

    const finish = (outcome: Answer | Error) => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      socket.destroy();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const read = (ended: boolean) => {
      try {
        const answer = parseAnswer(received, ended);
        if (answer) finish(answer);
        else if (ended) finish(new Error('the server closed the connection before its answer'));
        else if (received.length > MAX_HEAD + MAX_BODY * 2)
          finish(new Error("the answer's head is too long"));
      } catch (error) {
        finish(error instanceof Error ? error : new Error(String(error)));
      }
    };
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      read(false);
    });
    socket.on('end', () => read(true));
    // A server that refuses a body may answer and close before it has read it: what came counts.
    socket.on('error', (error) => {
      if (received.length > 0) read(true);
      finish(error);
    });
    socket.on('close', () => finish(new Error('the connection was closed')));
    socket.write(requestHead(server, target, headers, body.length));
    socket.write(body);
  });
}

function isName(host: string): boolean {
  return /[a-z]/i.test(host) && !host.includes(':');
}

function requestHead(
  server: ServerUrl,
  target: string,
  headers: Readonly<Record<string, string>>,
  length: number,
): Buffer {
  const lines = [
    `POST ${target} HTTP/1.1`,
    `Host: ${server.authority}`,
    'Connection: close',
    `Content-Length: ${length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value.replace(/[\r\n\0]/g, ' ')}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** The answer in what has come so far, or undefined where something is missing; a body that breaks off is cut. */
function parseAnswer(bytes: Buffer, ended: boolean): Answer | undefined {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n', start, 'latin1');
    if (end < 0) return undefined;
    const [statusLine, ...lines] = bytes.toString('latin1', start, end).split('\r\n');
    const status = /^HTTP\/1\.\d (\d{3})/.exec(statusLine)?.[1];
    if (status === undefined)
      throw new Error(`not an HTTP answer: ${JSON.stringify(statusLine.slice(0, 60))}`);
    start = end + 4;
    if (Number(status) < 200) continue; // 100 Continue and its like come before the answer
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    }
    const body = readBody(bytes.subarray(start), headers, ended);
    return body && { status: Number(status), headers, body };
  }
}

function readBody(
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
  ended: boolean,
): Buffer | undefined {
  if (/chunked/i.test(headers['transfer-encoding'] ?? '')) return readChunks(bytes, ended);
  const length = /^\d+$/.test(headers['content-length'] ?? '') ? Number(headers['content-length']) : Infinity;
  const wanted = Math.min(length, MAX_BODY);
  return ended || bytes.length >= wanted ? bytes.subarray(0, wanted) : undefined;
}

function readChunks(bytes: Buffer, ended: boolean): Buffer | undefined {
  const chunks: Buffer[] = [];
  let total = 0;
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const complete = size >= 0 && bytes.length >= lineEnd + 2 + size;
    if (!complete && !ended && total < MAX_BODY) return undefined;
    if (!complete || size === 0 || total >= MAX_BODY) return Buffer.concat(chunks).subarray(0, MAX_BODY);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    total += size;
    at = lineEnd + 4 + size;
  }
}
