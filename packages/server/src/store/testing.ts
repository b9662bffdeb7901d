import { CPU_TIME, formatProfileType, type Labels, ProfileBuilder, WALL_TIME } from '@everflame/profile';
import type { Filter } from './filter.ts';
import type { Push } from './push.ts';
import type { Reader } from './reader.ts';
import { Retention } from './retention.ts';

export const CPU = formatProfileType(CPU_TIME);
export const WALL = formatProfileType(WALL_TIME);

/** Tests whose windows lie at a fixed date keep them. */
const CENTURY = 100 * 365 * 86_400_000;
export const FOR_EVER = new Retention({ profiles: CENTURY, profiles_5m: CENTURY, profiles_1h: CENTURY });

export type TestSample = [stack: string, value: bigint, labels?: Labels];

/** A push of samples whose stacks are written root first: `main;work`. */
export function testPush(
  service: string,
  samples: readonly TestSample[],
  options: Partial<Push> & { readonly type?: typeof CPU_TIME } = {},
): Push {
  const { type = CPU_TIME, ...rest } = options;
  const builder = new ProfileBuilder([type]);
  for (const [stack, value, labels] of samples) {
    const frames = stack.split(';').map((name) => builder.frame({ function: name, module: 'app', line: 7 }));
    builder.sample(builder.stack(frames), [value], builder.labels({ text: labels ?? {}, numbers: {} }));
  }
  return {
    service,
    labels: {},
    startNanos: 0n,
    durationNanos: 10_000_000_000n,
    identity: 1n,
    profile: builder.build(),
    ...rest,
  };
}

export function filterOf(service: string, more: Partial<Filter> = {}): Filter {
  return {
    services: [{ label: 'service_name', operator: '=', value: service }],
    labels: [],
    types: [CPU],
    ...more,
  };
}

/** Stacks as text, and what each is worth. */
export async function stacksOf(
  reader: Reader,
  filter: Filter,
  kind: 'flow' | 'level' = 'flow',
): Promise<Record<string, number>> {
  const { stacks, values } = await reader.sumByStack(filter, kind);
  const frames = await reader.stackFrames([...stacks], { services: filter.services });
  const ids = [...new Set([...frames.values()].flatMap((of) => [...of]))];
  const boxes = await reader.frameBoxes(ids, { services: filter.services });
  const named = [...stacks].map((stack, i) => {
    const path = [...(frames.get(stack) ?? [])].map((id) => boxes.get(id)?.function).join(';');
    return [path, values[i]] as const;
  });
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}
