import { describe, expect, it } from 'vitest';
import type { ServiceOverview } from '../api/types.ts';
import { changedMost, changeOf, sorted } from './ranking.ts';

function service(name: string, average: number | null, before: number | null, lastSeen = 0): ServiceOverview {
  return { service: name, types: [], lastSeen, labels: {}, values: [], average, before };
}

const SHOP = service('shop', 2, 1, 3);
const IDLE = service('idle', 0.01, 0.001, 2);
const STEADY = service('steady', 10, 10.2, 9);
const NEWCOMER = service('newcomer', 5, null);
const GONE = service('gone', null, null);

describe('services side by side', () => {
  it('change by cores and by share of what they were', () => {
    expect(changeOf(SHOP)).toEqual({ by: 1, share: 1 });
    expect(changeOf(service('from nothing', 1, 0))).toEqual({ by: 1, share: undefined });
    expect(changeOf(NEWCOMER)).toBeUndefined();
  });

  it('name the one that changed most: not the idle one with the largest share, not noise', () => {
    expect(changedMost([IDLE, SHOP, STEADY, NEWCOMER, GONE])).toBe(SHOP);
    expect(changedMost([STEADY, NEWCOMER])).toBeUndefined();
  });

  it('sort by every column, both ways, and by CPU where the link says nonsense', () => {
    const all = [GONE, IDLE, SHOP, STEADY];
    const names = (sort: string) => sorted(all, sort).map((one) => one.service);
    expect(names('now')).toEqual(['steady', 'shop', 'idle', 'gone']);
    expect(names('-now')).toEqual(['gone', 'idle', 'shop', 'steady']);
    expect(names('change')).toEqual(['shop', 'steady', 'idle', 'gone']);
    expect(names('service')).toEqual(['gone', 'idle', 'shop', 'steady']);
    expect(names('seen')).toEqual(['steady', 'shop', 'idle', 'gone']);
    expect(names('constructor')).toEqual(names('now'));
  });
});
