import { expect, it } from 'vitest';
import { findCommands } from './find-commands.ts';

const ALL = [
  { kind: 'Service', name: 'web-shop' },
  { kind: 'Service', name: 'shop' },
  { kind: 'View', name: 'Call tree' },
];

it('finds commands by any words, the best first', () => {
  const names = (text: string) => findCommands(ALL, text).map(({ name }) => name);
  expect(names('')).toEqual(['web-shop', 'shop', 'Call tree']);
  expect(names('SHOP')).toEqual(['shop', 'web-shop']);
  expect(names('tree view')).toEqual(['Call tree']);
  expect(names('shop tree')).toEqual([]);
});
