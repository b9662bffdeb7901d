import { readFileSync } from 'node:fs';
import { type Answer, post } from './http-post.ts';
import { messageOf } from './log.ts';
import type { Push } from './push.ts';
import type { Settings } from './settings.ts';

/** Takes a push in place of a server. What it throws or rejects with is taken as a server that cannot be reached. */
export type Deliver = (push: DeliveredPush) => Promise<unknown>;

/** A push as whoever stores it needs it; the same instance and sequence is the same push. */
export interface DeliveredPush {
  readonly serviceName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly instance: string;
  readonly sequence: number;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  /** pprof, gzip or not. */
  readonly body: Uint8Array;
}

/** How what is measured gets out of the process. */
export interface Transport {
  /** For messages. */
  readonly to: string;
  send(push: Push, headers: Readonly<Record<string, string>>, timeoutMs: number): Promise<Answer>;
  /** A push without body, not counted. */
  ask(target: string, headers: Readonly<Record<string, string>>, timeoutMs: number): Promise<Answer>;
}

export function httpTransport(settings: Settings): Transport {
  const { server } = settings;
  return {
    to: server.text,
    send: (push, headers, timeoutMs) => post(server, push.target, headers, push.body, timeoutMs),
    ask: (target, headers, timeoutMs) => post(server, target, headers, new Uint8Array(), timeoutMs),
  };
}

export function inProcessTransport(deliver: Deliver): Transport {
  const done: Answer = { status: 200, headers: {}, body: Buffer.alloc(0) };
  return {
    to: 'this process',
    async send({ identity, sequence, startNanos, endNanos, body }) {
      const { serviceName, labels, instance } = identity;
      await deliver({ serviceName, labels, instance, sequence, startNanos, endNanos, body });
      return done;
    },
    async ask() {
      return done;
    },
  };
}

/** The token now: a file is read each time, because tokens are rotated. */
export function readToken(settings: Settings, complain: (text: string) => void): string | undefined {
  if (settings.token !== undefined || settings.tokenFile === undefined) return settings.token;
  try {
    return readFileSync(settings.tokenFile, 'utf8').trim() || undefined;
  } catch (error) {
    complain(`EVERFLAME_TOKEN_FILE cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}
