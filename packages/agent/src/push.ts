import { randomBytes } from 'node:crypto';
import { formatName } from './naming.ts';
import { encodePprof } from './pprof.ts';
import type { Window } from './window.ts';

/** Which thread of which process is speaking. */
export interface Identity {
  readonly instance: string;
  readonly serviceName: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A window on its way: what is sent, and sent again unchanged until the server has it. */
export interface Push {
  readonly identity: Identity;
  readonly sequence: number;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** pprof, packed by gzip before it is sent first. */
  body: Uint8Array;
  packed: boolean;
  readonly samples: number;
}

export function newIdentity(serviceName: string, labels: Readonly<Record<string, string>>): Identity {
  return { instance: randomBytes(16).toString('hex'), serviceName, labels };
}

/** The push of a window. From here on what it says is never changed: its identity stands for it. */
export function seal(window: Window, identity: Identity, sequence: number, prefix: string): Push {
  const query = new URLSearchParams({
    name: formatName(identity.serviceName, identity.labels),
    from: String(window.startNanos),
    until: String(window.endNanos),
    format: 'pprof',
    spyName: 'everflame-node',
  });
  const headers: Record<string, string> = {
    ...identityHeaders(identity),
    'Everflame-Sequence': String(sequence),
    'Everflame-Rate': String(Math.round(window.rate * 100) / 100),
  };
  if (window.capture !== undefined) headers['Everflame-Capture'] = window.capture;
  const { startNanos, endNanos, samples } = window;
  const target = `${prefix}/ingest?${query}`;
  const body = encodePprof(window);
  return { identity, sequence, startNanos, endNanos, target, headers, body, packed: false, samples };
}

/** The question what to do, for when there is nothing to push. */
export function question(identity: Identity, prefix: string): Pick<Push, 'target' | 'headers'> {
  const query = new URLSearchParams({
    name: formatName(identity.serviceName, identity.labels),
    spyName: 'everflame-node',
  });
  return { target: `${prefix}/ingest/control?${query}`, headers: identityHeaders(identity) };
}

function identityHeaders(identity: Identity): Record<string, string> {
  return {
    'Content-Type': 'application/octet-stream',
    'User-Agent': 'everflame-node',
    'Everflame-Protocol': '1',
    'Everflame-Instance': identity.instance,
  };
}
