import { z } from 'zod';
import type { AgentMessage } from '../control/control.ts';
import { CAPTURE_TYPES, type CaptureType } from '../control/control-answer.ts';
import type { IngestReceipt } from './ingest.ts';

/** What is said under `control` to an agent; docs/agent-contract.md says how agents take it. */
export const controlAnswer = z.object({
  enabled: z.boolean().optional(),
  hz: z.number().optional().describe('Samples of CPU time per second'),
  window: z.number().optional().describe('Seconds'),
  capture: z
    .object({
      id: z.string(),
      type: z.enum(CAPTURE_TYPES),
      hz: z.number().optional(),
      seconds: z.number(),
    })
    .optional(),
});

/**
 * Headers of agents that listen. None of them is worth refusing a profile for, so whatever they hold is let in, and what
 * is wrong is as if it were not there.
 */
export const agentHeaders = z.object({
  'everflame-captures': z
    .string()
    .optional()
    .describe(
      'What can be captured: cpu, wall, heap, separated by commas, or none; all where it is left out',
    ),
  'everflame-capture': z.string().optional().describe('The push answers the capture of this id'),
  'everflame-capture-refused': z
    .string()
    .optional()
    .describe('Id of a capture that the agent cannot do, a space, and why'),
});

type Headers = z.infer<typeof agentHeaders> & {
  readonly 'everflame-protocol'?: string | undefined;
  readonly 'everflame-instance'?: string | undefined;
  readonly 'everflame-rate'?: number | undefined;
};

/** What an agent says with a request; undefined where it is none of ours. */
export function messageOf(
  headers: Headers,
  { service, labels, window }: Pick<IngestReceipt, 'service' | 'labels'> & Partial<IngestReceipt>,
): AgentMessage | undefined {
  const instance = headers['everflame-instance'];
  if (headers['everflame-protocol'] !== '1' || instance === undefined) return undefined;
  const captureId = idOf(headers['everflame-capture']);
  const refused = refusalOf(headers['everflame-capture-refused']);
  return {
    instance,
    service,
    labels,
    captures: capturesOf(headers['everflame-captures']),
    ...(window && { window: { ...window, rate: headers['everflame-rate'] } }),
    ...(captureId !== undefined && { captureId }),
    ...(refused && { refused }),
  };
}

function capturesOf(header: string | undefined): CaptureType[] | undefined {
  if (header === undefined) return undefined;
  const named = header.toLowerCase().split(',', 20);
  return CAPTURE_TYPES.filter((type) => named.some((one) => one.trim() === type));
}

function idOf(header: string | undefined): string | undefined {
  return header !== undefined && /^[\w-]{1,64}$/.test(header) ? header : undefined;
}

/** Shown to people: one line of printable characters, and not long. */
function refusalOf(header: string | undefined): AgentMessage['refused'] {
  const [, id, reason] = /^([\w-]{1,64})\s+([\x20-\x7e]{1,200})/.exec(header ?? '') ?? [];
  return id === undefined || reason === undefined ? undefined : { id, reason: reason.trim() };
}
