import type { Service, TimelineGroup } from '../api/types.ts';
import { typeRank } from '../format/profile-types.ts';

/** The server's own profile: shown where there is nothing else, never chosen before a user's service. */
export const OWN_SERVICE = 'everflame';

/**
 * The service that a page without `query` shows: the busiest one, else the one heard from last; Everflame itself only
 * where it is alone.
 *
 * @param busy timeline of CPU time split by service, where it could be had
 */
export function chooseService(
  services: readonly Service[],
  busy: readonly Pick<TimelineGroup, 'label' | 'values'>[],
): string | undefined {
  const others = services.filter(({ service }) => service !== OWN_SERVICE);
  if (others.length === 0) return services[0]?.service;
  const work = new Map(busy.map((group) => [group.label, sum(group.values)]));
  const rank = (one: Service) => work.get(one.service) ?? 0;
  return others.reduce((best, one) => {
    const difference = rank(one) - rank(best) || one.lastSeen - best.lastSeen;
    return difference > 0 ? one : best;
  }).service;
}

/** The types that `service` has, in the order in which people ask for them; those of all services for ''. */
export function typesOf(services: readonly Service[], service: string): string[] {
  const types = new Set<string>();
  for (const one of services) {
    if (service ? one.service === service : one.service !== OWN_SERVICE)
      for (const type of one.types) types.add(type);
  }
  return [...types].sort((a, b) => typeRank(a) - typeRank(b) || (a < b ? -1 : 1));
}

/** `wanted` where the service has it, else the first that it has. */
export function chooseType(types: readonly string[], wanted: string | undefined): string | undefined {
  return wanted !== undefined && (types.length === 0 || types.includes(wanted))
    ? wanted
    : (types[0] ?? wanted);
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
