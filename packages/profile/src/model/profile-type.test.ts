import { expect, test } from 'vitest';
import { formatProfileType, inferProfileType, kindOf } from './profile-type.ts';

// What agents send in one body with CPU time has that body's period type, and none of its own.
test.each([
  ['cpu', 'nanoseconds', 'cpu', 'nanoseconds', 'process_cpu:cpu:nanoseconds:cpu:nanoseconds', 'flow'],
  ['wall', 'nanoseconds', 'cpu', 'nanoseconds', 'wall:wall:nanoseconds:wall:nanoseconds', 'flow'],
  ['off_cpu', 'nanoseconds', 'cpu', 'nanoseconds', 'off_cpu:off_cpu:nanoseconds:wall:nanoseconds', 'flow'],
  [
    'loop_block',
    'nanoseconds',
    'cpu',
    'nanoseconds',
    'loop_block:loop_block:nanoseconds:wall:nanoseconds',
    'flow',
  ],
  ['inuse_space', 'bytes', 'cpu', 'nanoseconds', 'memory:inuse_space:bytes:space:bytes', 'level'],
  ['alloc_objects', 'count', 'cpu', 'nanoseconds', 'memory:alloc_objects:count:space:bytes', 'flow'],
  ['inuse_space', 'bytes', 'space', 'bytes', 'memory:inuse_space:bytes:space:bytes', 'level'],
  ['inuse_space', 'bytes', '', '', 'memory:inuse_space:bytes:space:bytes', 'level'],
  ['goroutine', 'count', 'goroutine', 'count', 'goroutines:goroutine:count:goroutine:count', 'level'],
])('%s in %s, in a body of %s/%s, is %s', (type, unit, period, periodUnit, name, kind) => {
  const found = inferProfileType(type, unit, period, periodUnit);
  expect(formatProfileType(found)).toBe(name);
  expect(kindOf(found)).toBe(kind);
});
