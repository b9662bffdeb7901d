import { parseProfileType } from '@everflame/profile';

/** What people call the types that agents in the field send: by name and sample type, then by sample type alone. */
const NAMES: readonly (readonly [key: string, name: string])[] = [
  ['process_cpu:cpu', 'CPU time'],
  ['process_cpu:samples', 'CPU samples'],
  ['wall:wall', 'Wall time'],
  ['off_cpu:off_cpu', 'Waiting (off-CPU)'],
  ['loop_block:loop_block', 'Blocked event loop'],
  ['memory:alloc_space', 'Allocated space'],
  ['memory:alloc_objects', 'Allocated objects'],
  ['memory:inuse_space', 'Heap in use'],
  ['memory:inuse_objects', 'Objects in use'],
  ['goroutines:goroutine', 'Goroutines'],
  ['goroutine:goroutine', 'Goroutines'],
  ['mutex:delay', 'Waiting for mutexes'],
  ['mutex:contentions', 'Mutex contentions'],
  ['block:delay', 'Blocked'],
  ['block:contentions', 'Blocking events'],
  ['contention:delay', 'Waiting for locks'],
  ['contention:contentions', 'Lock contentions'],
  ['threadcreate:threadcreate', 'Threads created'],
];
const BY_KEY = new Map(NAMES);

/** A type as people say it; an unknown one by its sample type and unit, as it is. */
export function typeName(text: string): string {
  const type = parseProfileType(text);
  if (!type) return text;
  const known = BY_KEY.get(`${type.name}:${type.sampleType}`);
  if (known) return known;
  const name = type.sampleType.startsWith(type.name) ? type.sampleType : `${type.name} ${type.sampleType}`;
  return `${name} (${type.sampleUnit})`;
}

/** Where a type stands in a list: as in the table above, unknown ones last. */
export function typeRank(text: string): number {
  const type = parseProfileType(text);
  const rank = type ? NAMES.findIndex(([key]) => key === `${type.name}:${type.sampleType}`) : -1;
  return rank < 0 ? NAMES.length : rank;
}

/** Names for a list: where two types have the same name, each says its full type. */
export function typeNames(types: readonly string[]): string[] {
  const names = types.map(typeName);
  return names.map((name, i) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} · ${types[i]}`,
  );
}
