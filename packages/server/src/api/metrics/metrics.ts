import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const FAST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const SLOW_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * The server's metrics (docs/monitoring.md lists them). No label is a name that clients choose: a service, a label or a
 * path in a label would make a series of each, and an agent with a mistake in its name could fill Prometheus. Which
 * service was refused stands in the log at level debug.
 */
export class Metrics {
  readonly registry = new Registry();

  readonly pushes = new Counter({
    name: 'everflame_pushes_total',
    help: 'Pushes by protocol, format and outcome: stored, the code of the error, or gone (the client left).',
    labelNames: ['protocol', 'format', 'outcome'],
    registers: [this.registry],
  });
  readonly pushBytes = new Counter({
    name: 'everflame_push_received_bytes_total',
    help: 'Bytes of bodies of pushes as they came over the wire.',
    labelNames: ['protocol'],
    registers: [this.registry],
  });
  readonly pushSeconds = new Histogram({
    name: 'everflame_push_duration_seconds',
    help: 'From the headers of a push to its acknowledgement, of those that were stored.',
    labelNames: ['protocol'],
    buckets: SLOW_SECONDS,
    registers: [this.registry],
  });
  readonly inFlightBytes = new Gauge({
    name: 'everflame_push_in_flight_bytes',
    help: 'Bytes of the pushes that are not answered yet, as their Content-Length says.',
    registers: [this.registry],
  });
  readonly decodeSeconds = new Histogram({
    name: 'everflame_push_decode_seconds',
    help: 'Decoding a push, by format, with the wait for a thread.',
    labelNames: ['format'],
    buckets: FAST_SECONDS,
    registers: [this.registry],
  });
  readonly storeSeconds = new Histogram({
    name: 'everflame_store_write_seconds',
    help: 'From a decoded profile to its rows on disk, by where it came from: push, collect, self.',
    labelNames: ['source'],
    buckets: SLOW_SECONDS,
    registers: [this.registry],
  });
  readonly queries = new Counter({
    name: 'everflame_queries_total',
    help: 'Questions by kind and outcome: ok, the code of the error, or gone (the client left).',
    labelNames: ['kind', 'outcome'],
    registers: [this.registry],
  });
  readonly querySeconds = new Histogram({
    name: 'everflame_query_duration_seconds',
    help: 'From a question to its answer, by kind, of those that were answered.',
    labelNames: ['kind'],
    buckets: SLOW_SECONDS,
    registers: [this.registry],
  });
  readonly requests = new Counter({
    name: 'everflame_http_requests_total',
    help: 'HTTP requests by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers: [this.registry],
  });
  readonly errors = new Counter({
    name: 'everflame_errors_total',
    help: 'Answers that were an error, by code.',
    labelNames: ['code'],
    registers: [this.registry],
  });
  readonly tokenRequests = new Counter({
    name: 'everflame_token_requests_total',
    help: 'Requests by the name of their token. A token that counts no more can be taken out of service.',
    labelNames: ['token'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    // A series that is there from the start with zeros can be told from one that nobody measures.
    for (const source of ['push', 'collect', 'self']) this.storeSeconds.zero({ source });
  }

  /** Times decoding, with the wait for a thread that is free. @param format as it was said: pprof, folded, … */
  async decoding<T>(format: string, decode: Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await decode;
    this.decodeSeconds.observe({ format }, (performance.now() - started) / 1000);
    return result;
  }

  /** Times what a profile takes to be on disk; those that fail are not in it. */
  async storing<T>(source: 'push' | 'collect' | 'self', write: Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await write;
    this.storeSeconds.observe({ source }, (performance.now() - started) / 1000);
    return result;
  }
}
