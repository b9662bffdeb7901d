import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodePprof, inferProfileType, type Profile } from '@everflame/profile';
import { withDeadline } from '../base/deadline.ts';
import type { Push } from '../store/push.ts';
import { DeliveryError, type Sink } from './sink.ts';

const compress = promisify(gzip);
const TIMEOUT_MS = 10_000;

export interface HttpSinkOptions {
  /** Address of the server. */
  readonly server: string;
  readonly token?: string;
}

/** Pushes to a server, as any agent does. */
export class HttpSink implements Sink {
  readonly #server: string;
  readonly #headers: Record<string, string>;

  constructor({ server, token }: HttpSinkOptions) {
    this.#server = server.replace(/\/+$/, '');
    this.#headers = {
      'content-type': 'application/octet-stream',
      'everflame-protocol': '1',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
  }

  async write(push: Push): Promise<void> {
    const { profile, startNanos, durationNanos, identity } = push;
    const query = new URLSearchParams({
      name: nameOf(push),
      from: String(startNanos),
      until: String(startNanos + durationNanos),
      format: 'pprof',
      spyName: 'everflame-collect',
    });
    const body = await compress(encodePprof(profile));
    const { response, answer } = await withDeadline(TIMEOUT_MS, undefined, async (signal) => {
      const response = await fetch(`${this.#server}/ingest?${query}`, {
        method: 'POST',
        headers: { ...this.#headers, 'idempotency-key': identity.toString(16) },
        body,
        redirect: 'error',
        signal,
      });
      return { response, answer: await response.text() };
    });
    if (response.ok) return;
    const message = `${this.#server} answered ${response.status}: ${answer.slice(0, 500)}`;
    const again = response.status === 429 || response.status >= 500 || response.status === 401;
    throw again ? new Error(message) : new DeliveryError(message);
  }
}

/** service{label="value",…}; `__name__` where the format would lose the name of the types. */
function nameOf({ service, labels, profile }: Push): string {
  const name = nameBeyondPprof(profile);
  const pairs = Object.entries({ ...labels, ...(name !== undefined && { __name__: name }) });
  return `${service}{${pairs.map(([key, value]) => `${key}="${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

function nameBeyondPprof({ types }: Profile): string | undefined {
  const [first] = types;
  if (!first) return undefined;
  const inferred = inferProfileType(first.sampleType, first.sampleUnit, first.periodType, first.periodUnit);
  return inferred.name === first.name ? undefined : first.name;
}
