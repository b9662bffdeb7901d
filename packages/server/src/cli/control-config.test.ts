import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, expect, it } from 'vitest';
import { ControlSource } from './control-source.ts';
import { resolveServeConfig } from './serve-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'everflame-control-'));
const file = join(folder, 'everflame.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

const write = (control: unknown) => writeFileSync(file, JSON.stringify({ control }));
const heard = (service: string, labels: Record<string, string> = {}) => ({
  instance: 'abcdef01',
  service,
  labels,
  captures: undefined,
});

it('reads what agents are told, and keeps to it while the file is wrong', () => {
  write([
    { match: 'shop{env="prod"}', hz: 50, window: 30 },
    { match: '', enabled: false },
  ]);
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  const source = new ControlSource(resolveServeConfig({ config: file }, {}).control, logger);
  const told = (service: string, labels?: Record<string, string>) =>
    source.control.hear(heard(service, labels));
  expect(told('shop', { env: 'prod' })).toEqual({ hz: 50, window: 30 });
  expect(told('shop')).toEqual({ enabled: false });
  // Everything is not the server itself, as in every selector.
  expect(told('everflame')).toEqual({});

  write([{ match: 'shop', hz: 0 }]);
  source.reload();
  expect(lines.at(-1)).toContain('What agents were told before stays in force');
  expect(told('shop')).toEqual({ enabled: false });
  rmSync(file);
  source.reload();
  expect(told('shop')).toEqual({ enabled: false });
  write([]);
  source.reload();
  expect(told('shop')).toEqual({});
});

it.each([
  [[{ hz: 50 }], /match/],
  [[{ match: 'shop{', hz: 50 }], /expected label/],
  [[{ match: 'shop{a=~"b"}' }], /= and != only/],
  [[{ match: 'shop', hz: 1001 }], /1000/],
  [[{ match: 'shop', window: 301 }], /300/],
  [[{ match: 'shop', enabled: 'no' }], /boolean/],
  [[{ match: 'shop', rate: 1 }], /Unrecognized key/],
  [{ match: 'shop' }, /array/],
])('says what is wrong with %j', (control, message) => {
  write(control);
  expect(() => resolveServeConfig({ config: file }, {})).toThrow(message);
});

it('has nothing to read again without a file', () => {
  const { control } = resolveServeConfig({}, {});
  expect(control).toEqual({ rules: [], file: undefined });
  const source = new ControlSource(control, pino({ level: 'silent' }));
  source.reload();
  expect(source.control.hear(heard('shop'))).toEqual({});
});
