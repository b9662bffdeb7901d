import { expect, it } from 'vitest';
import { retentionOf, retentionSchema } from './retention-config.ts';

const DAY = 86_400_000;

it('reads how long what is kept, and for whom otherwise', () => {
  const config = retentionSchema.parse({
    profiles: '3d',
    classes: [
      { name: 'audit', match: 'checkout{env="prod"}', profiles: '4w', one_hour: '3y' },
      { name: 'test', match: '{env!="prod"}', profiles: '1d', five_minutes: '2d', one_hour: '3d' },
    ],
  });
  const retention = retentionOf(config);
  expect(retention.names).toEqual(['default', 'audit', 'test']);
  expect(retention.classOf('checkout', { env: 'prod' })).toBe('audit');
  expect(retention.classOf('checkout', {})).toBe('test');
  expect(retention.classOf('cart', { env: 'prod' })).toBe('default');
  expect(retention.keptFor('default')).toMatchObject({ profiles: 3 * DAY, profiles_5m: 30 * DAY });
  expect(retention.keptFor('audit')).toMatchObject({ profiles: 28 * DAY, profiles_1h: 3 * 366 * DAY });
  expect(retention.keptFor('gone')).toEqual(retention.keptFor('default'));
  expect(retentionOf(undefined).names).toEqual(['default']);
});

it.each([
  [{ profiles: '7' }, /days, weeks, months or years/],
  [{ profiles: '60d' }, /coarser must be kept at least as long/],
  [{ classes: [{ name: 'a', match: 'x{y=~"z"}' }] }, /= and != only/],
  [{ classes: [{ name: 'a', match: 'x{' }] }, /expected label/],
  [{ classes: [{ name: 'default', match: 'x' }] }, /what no class matches/],
  [
    {
      classes: [
        { name: 'a', match: 'x' },
        { name: 'a', match: 'y' },
      ],
    },
    /twice/,
  ],
  [{ days: 7 }, /Unrecognized key/],
])('says what is wrong with %j', (config, message) => {
  const { error } = retentionSchema.safeParse(config);
  expect(error?.message).toMatch(message);
});
