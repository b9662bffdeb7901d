import type { Logger } from './log.ts';
import type { Deliver } from './transport.ts';

/** What `start()` takes; what is not given comes from the environment, and then from the defaults of the README. */
export interface StartOptions {
  readonly serviceName?: string;
  readonly server?: string;
  readonly labels?: Readonly<Record<string, string | number | boolean>>;
  readonly token?: string;
  readonly tokenFile?: string;
  /** Samples of CPU time per second; 0 turns it off. */
  readonly rate?: number;
  /** 0 turns wall time off. */
  readonly wallRate?: number;
  /** Seconds per push. */
  readonly window?: number;
  readonly enabled?: boolean;
  /** `true` and `'live'`: what is in the heap; `'allocated'`: what was allocated. */
  readonly memory?: boolean | 'live' | 'allocated';
  /** Bytes of allocations, on average, to a sample of the heap. */
  readonly memoryInterval?: number;
  /** Ids and name of OpenTelemetry's active span in samples. */
  readonly spans?: boolean;
  /** Method and route template of requests in samples. */
  readonly routes?: boolean;
  /** Milliseconds from which a loop that does not turn is called blocked; 0 turns it off. */
  readonly loopBlock?: number;
  readonly sourceMaps?: boolean;
  /** `false` leaves the native sampler alone and uses the inspector's. */
  readonly native?: boolean;
  /** Labels on Node.js without AsyncContextFrame (before 24), by async_hooks, which costs. */
  readonly asyncHooks?: boolean;
  /** `false`: a program that does not handle SIGTERM dies of it without its last window. */
  readonly sigterm?: boolean;
  readonly logger?: Logger;
  /** Takes pushes in place of a server: for a process that stores its own. */
  readonly deliver?: Deliver;
}
