import { describe, expect, it } from 'vitest';
import type { Service } from '../api/types.ts';
import { chooseService, chooseType, typesOf } from './choice.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const WALL = 'wall:wall:nanoseconds:wall:nanoseconds';
const HEAP = 'memory:inuse_space:bytes:space:bytes';

function service(name: string, lastSeen: number, types = [CPU]): Service {
  return { service: name, types, firstSeen: 0, lastSeen, labels: {} };
}

describe('choice of service', () => {
  it('is none where there is none', () => expect(chooseService([], [])).toBeUndefined());

  it('is Everflame itself only where it is alone', () => {
    expect(chooseService([service('everflame', 9)], [])).toBe('everflame');
    expect(chooseService([service('everflame', 9), service('shop', 1)], [])).toBe('shop');
  });

  it('is the busiest, gaps counted as nothing', () => {
    const groups = [
      { label: 'a', values: [null, 5, null] },
      { label: 'b', values: [3, 3, 3] },
      { label: 'everflame', values: [100] },
    ];
    const services = [service('a', 9), service('b', 1), service('everflame', 9)];
    expect(chooseService(services, groups)).toBe('b');
  });

  it('is the one heard from last where none was busy', () => {
    expect(chooseService([service('a', 1), service('b', 3), service('c', 2)], [])).toBe('b');
  });
});

describe('choice of type', () => {
  it('puts CPU time first, whatever the order of the server', () => {
    expect(typesOf([service('a', 1, [HEAP, WALL, CPU])], 'a')).toEqual([CPU, WALL, HEAP]);
  });

  it('takes the types of all but Everflame itself for all services', () => {
    const services = [service('a', 1, [WALL]), service('b', 1, [HEAP]), service('everflame', 1, [CPU])];
    expect(typesOf(services, '')).toEqual([WALL, HEAP]);
  });

  it('keeps what is asked for, and falls back to what is there', () => {
    expect(chooseType([CPU, WALL], WALL)).toBe(WALL);
    expect(chooseType([WALL, HEAP], CPU)).toBe(WALL);
    expect(chooseType([WALL], undefined)).toBe(WALL);
    expect(chooseType([], WALL)).toBe(WALL);
    expect(chooseType([], undefined)).toBeUndefined();
  });
});
