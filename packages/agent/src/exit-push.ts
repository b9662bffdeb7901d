import { Worker } from 'node:worker_threads';
import type { Push } from './push.ts';
import type { ServerUrl } from './server-url.ts';

/** The longest that the end of a process is held up, ms. */
export const EXIT_LIMIT_MS = 2000;

interface Errand {
  readonly https: boolean;
  readonly host: string;
  readonly port: number;
  readonly pushes: readonly { path: string; headers: Record<string, string>; body: Uint8Array }[];
  /** Set to 1 when it is done, one way or the other. */
  readonly done: Int32Array;
  readonly limitMs: number;
}

/**
 * Sends pushes while the process exits: its loop turns no more, so a worker thread does it, and this one waits. One
 * attempt for all of them, oldest first.
 */
export function pushAtExit(
  server: ServerUrl,
  pushes: readonly { push: Push; headers: Record<string, string> }[],
  limitMs: number,
): void {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const errand: Errand = {
    https: server.https,
    host: server.host,
    port: server.port,
    pushes: pushes.map(({ push, headers }) => ({
      path: push.target,
      headers: { ...headers, Host: server.authority },
      body: push.body,
    })),
    done,
    limitMs,
  };
  // Its source as text: a program that was bundled has no file of ours beside it. Nothing of the program's is taken
  // along, neither preloaded modules nor, but for what TLS reads, its environment.
  const { NODE_EXTRA_CA_CERTS, NODE_TLS_REJECT_UNAUTHORIZED } = process.env;
  const worker = new Worker(`(${runErrand})(require, require('node:worker_threads').workerData)`, {
    eval: true,
    env: {
      ...(NODE_EXTRA_CA_CERTS && { NODE_EXTRA_CA_CERTS }),
      ...(NODE_TLS_REJECT_UNAUTHORIZED && { NODE_TLS_REJECT_UNAUTHORIZED }),
    },
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    workerData: errand,
  });
  worker.on('error', () => {});
  worker.unref();
  Atomics.wait(done, 0, 0, limitMs);
}

/** What the worker runs: nothing outside of this function is there. */
function runErrand(load: (name: string) => unknown, errand: Errand): void {
  type Response = { resume(): void; on(event: string, then: () => void): void };
  type Request = { on(event: string, then: () => void): void; end(body: Uint8Array): void };
  type Http = { request(options: object, then: (response: Response) => void): Request };
  const http = load(errand.https ? 'node:https' : 'node:http') as Http;
  const finish = () => {
    Atomics.store(errand.done, 0, 1);
    Atomics.notify(errand.done, 0);
  };
  const send = (i: number) => {
    const push = errand.pushes[i];
    if (push === undefined) return finish();
    const { path, headers, body } = push;
    const request = http.request(
      {
        host: errand.host,
        port: errand.port,
        method: 'POST',
        path,
        timeout: errand.limitMs,
        headers: { ...headers, 'Content-Length': body.length },
      },
      (response) => {
        response.resume();
        response.on('end', () => send(i + 1));
        response.on('error', finish);
      },
    );
    request.on('error', finish);
    request.end(body);
  };
  try {
    send(0);
  } catch {
    finish();
  }
}
