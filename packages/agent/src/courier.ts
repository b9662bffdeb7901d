import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { delay, parseRetryAfter } from './backoff.ts';
import type { Steering } from './control.ts';
import type { Answer } from './http-post.ts';
import { spread } from './jitter.ts';
import { type Logger, messageOf } from './log.ts';
import type { Outbox } from './outbox.ts';
import { type Identity, type Push, question } from './push.ts';
import type { Settings } from './settings.ts';
import { readToken, type Transport } from './transport.ts';

const TIMEOUT_MS = 10_000;
/** Between two questions, while the server has the agent switched off. */
const ASK_EVERY_MS = 60_000;

const ADVICE: Readonly<Record<number, string>> = {
  401: 'set EVERFLAME_TOKEN or EVERFLAME_TOKEN_FILE to a token that the server knows',
  403: 'the token may not push to this service',
  404: 'is EVERFLAME_SERVER the address of an Everflame server?',
  413: 'a shorter EVERFLAME_WINDOW makes smaller pushes',
};

const pack = promisify(gzip);

export interface CourierParts {
  readonly settings: Settings;
  readonly identity: Identity;
  readonly outbox: Outbox;
  readonly steering: Steering;
  readonly transport: Transport;
  readonly logger: Logger;
  /** Types of captures that can be done now. */
  readonly captures: () => readonly string[];
}

/**
 * Gets pushes to the server, and asks it what to do while there is nothing to push. Of what a server can answer, only
 * what may pass is tried again (the network, 429, 5xx); what is wrong now will be wrong in a minute.
 */
export class Courier {
  /** By `performance.now()`: nothing is sent before. */
  retryAt = 0;
  readonly #said = new Set<string>();
  #failures = 0;
  #sending: Promise<void> | undefined;

  readonly #settings: Settings;
  readonly #identity: Identity;
  readonly #outbox: Outbox;
  readonly #steering: Steering;
  readonly #transport: Transport;
  readonly #logger: Logger;
  readonly #captures: () => readonly string[];

  constructor(parts: CourierParts) {
    this.#settings = parts.settings;
    this.#identity = parts.identity;
    this.#outbox = parts.outbox;
    this.#steering = parts.steering;
    this.#transport = parts.transport;
    this.#logger = parts.logger;
    this.#captures = parts.captures;
  }

  /** Sends what there is until something fails. Only one at a time; who comes later waits for the same. */
  sendAll(stopBy = Number.POSITIVE_INFINITY): Promise<void> {
    this.#sending ??= this.#sendAll(stopBy).finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** Asks for the control; answers in how many milliseconds to ask again. */
  async ask(): Promise<number> {
    const { target, headers } = question(this.#identity, this.#settings.server.path);
    const again = spread(ASK_EVERY_MS);
    try {
      const answer = await this.#exchange((all) => this.#transport.ask(target, all, TIMEOUT_MS), headers);
      if (isSuccess(answer)) this.#steering.hear(answer.body);
      // A server that has no control: nobody is left who could switch on again.
      else if (answer.status === 404 || answer.status === 405) this.#steering.take({});
      else return Math.max(again, retryAfter(answer) ?? 0);
    } catch {
      // It cannot be reached: the same as before.
    }
    return again;
  }

  /** All headers of a push, for those that send it by another way. */
  headersOf(push: Push): Record<string, string> {
    return this.#complete({ ...push.headers, 'Everflame-Dropped': String(this.#outbox.dropped) });
  }

  async #sendAll(stopBy: number): Promise<void> {
    for (let push = this.#outbox.first(); push !== undefined; push = this.#outbox.first()) {
      const left = Math.min(TIMEOUT_MS, stopBy - performance.now());
      if (left <= 0 || !(await this.#send(push, left))) return;
    }
  }

  /** Whether the push is settled, one way or the other. */
  async #send(push: Push, timeoutMs: number): Promise<boolean> {
    const reported = this.#outbox.dropped;
    const headers = { ...push.headers, 'Everflame-Dropped': String(reported) };
    let answer: Answer;
    try {
      if (!push.packed) this.#outbox.pack(push, await pack(push.body, { level: 3 }));
      answer = await this.#exchange((all) => this.#transport.send(push, all, timeoutMs), headers);
    } catch (error) {
      this.#later(undefined, `${this.#transport.to} cannot be reached (${messageOf(error)})`);
      return false;
    }
    if (isSuccess(answer)) {
      this.#outbox.acknowledge(push, reported);
      if (this.#said.size > 0) this.#logger.info(`profiles reach ${this.#transport.to} again`);
      this.#said.clear();
      this.#settled();
      this.#steering.hear(answer.body);
      return true;
    }
    if (answer.status === 429 || answer.status >= 500) {
      this.#later(retryAfter(answer), `${this.#transport.to} is not taking profiles (${words(answer)})`);
      return false;
    }
    this.#outbox.giveUp(push);
    this.#settled();
    const advice = ADVICE[answer.status];
    this.#sayOnce(
      String(answer.status),
      `${this.#transport.to} refuses this program's profiles, and they are lost (${words(answer)})${advice ? `: ${advice}` : ''}`,
    );
    return true;
  }

  async #exchange(
    send: (headers: Record<string, string>) => Promise<Answer>,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const { refusal } = this.#steering;
    const answer = await send(this.#complete(headers));
    if (refusal !== undefined && isSuccess(answer) && this.#steering.refusal === refusal)
      this.#steering.refusal = undefined;
    return answer;
  }

  #complete(headers: Readonly<Record<string, string>>): Record<string, string> {
    const all: Record<string, string> = {
      ...headers,
      'Everflame-Captures': this.#captures().join() || 'none',
    };
    if (this.#steering.refusal !== undefined) all['Everflame-Capture-Refused'] = this.#steering.refusal;
    const token = readToken(this.#settings, (text) => this.#sayOnce('token', text));
    if (token !== undefined) all.Authorization = `Bearer ${token}`;
    return all;
  }

  #settled(): void {
    this.#failures = 0;
    this.retryAt = 0;
  }

  #later(askedMs: number | undefined, why: string): void {
    this.retryAt = performance.now() + delay(++this.#failures, askedMs);
    this.#sayOnce('later', `${why}; profiles are kept and sent later`);
  }

  /** Once until a push succeeds: an outage is one line in a log, not one every ten seconds. */
  #sayOnce(kind: string, text: string): void {
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    this.#logger.warn(text);
  }
}

function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

function retryAfter(answer: Answer): number | undefined {
  return parseRetryAfter(answer.headers['retry-after'], Date.now());
}

/** The status and what the server says of it, on one line. */
function words({ status, body }: Answer): string {
  return `HTTP ${status} ${body.toString('utf8', 0, 300).replace(/\s+/g, ' ')}`.trim();
}
