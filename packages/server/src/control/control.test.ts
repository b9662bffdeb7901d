import { describe, expect, it } from 'vitest';
import { type AgentMessage, Control } from './control.ts';
import { Instances } from './instances.ts';

let now = 1_000_000;
const later = (seconds: number) => {
  now += seconds * 1000;
};
const window = (samples = 10, seconds = 10): NonNullable<AgentMessage['window']> => ({
  startNanos: BigInt(now - seconds * 1000) * 1_000_000n,
  durationNanos: BigInt(seconds) * 1_000_000_000n,
  types: ['process_cpu:cpu:nanoseconds:cpu:nanoseconds'],
  rate: 100,
  samples,
});
const message = (instance: string, more: Partial<AgentMessage> = {}): AgentMessage => ({
  instance,
  service: 'shop',
  labels: { env: 'prod', instance: `host:${instance}` },
  captures: undefined,
  window: window(),
  ...more,
});
const CPU = { type: 'cpu', hz: 1000, seconds: 30 } as const;
const SHOP = { match: [{ label: 'service_name', operator: '=', value: 'shop' }] } as const;

describe('what agents are told', () => {
  it('is what the first rule says that matches, until the rules are replaced', () => {
    const control = new Control([
      {
        match: [
          { label: 'service_name', operator: '=', value: 'shop' },
          { label: 'env', operator: '!=', value: 'prod' },
        ],
        settings: { enabled: false },
      },
      { match: [{ label: 'service_name', operator: '=', value: 'shop' }], settings: { hz: 50, window: 30 } },
    ]);
    expect(control.hear(message('a'))).toEqual({ hz: 50, window: 30 });
    expect(control.hear(message('b', { labels: { env: 'test' } }))).toEqual({ enabled: false });
    expect(control.hear(message('c', { labels: {} }))).toEqual({ enabled: false });
    expect(control.hear(message('d', { service: 'cart' }))).toEqual({});
    control.replaceRules([]);
    expect(control.hear(message('a'))).toEqual({});
  });
});

describe('a capture', () => {
  const start = () => {
    const control = new Control([], () => now);
    control.hear(message('a'));
    return control;
  };

  it('is told to its instance alone, until its profile is there', () => {
    const control = start();
    control.hear(message('b', { service: 'cart' }));
    const { id, state } = control.capture(SHOP, CPU);
    expect(state).toBe('waiting');
    expect(control.hear(message('b', { service: 'cart' }))).toEqual({});
    later(8);
    const order = { capture: { id, ...CPU } };
    expect(control.hear(message('a'))).toEqual(order);
    expect(control.findCapture(id)).toMatchObject({ state: 'sent', sentAt: now });
    // The answer may have been lost: it is told again.
    expect(control.hear(message('a'))).toEqual(order);
    later(30);
    const captured = window(500, 30);
    expect(control.hear(message('b', { service: 'cart', captureId: id, window: window() }))).toEqual({});
    expect(control.findCapture(id)).toMatchObject({ state: 'sent' });
    expect(control.hear(message('a', { captureId: id, window: captured }))).toEqual({});
    expect(control.findCapture(id)).toMatchObject({ state: 'delivered', endedAt: now, window: captured });
    later(5);
    // A retry changes nothing, and an id that nobody knows neither.
    control.hear(message('a', { captureId: id }));
    control.hear(message('a', { captureId: 'ffff' }));
    expect(control.findCapture(id)).toMatchObject({
      state: 'delivered',
      endedAt: now - 5000,
      window: captured,
    });
  });

  it('can be refused, and expires where nothing comes; late is better than never', () => {
    const control = start();
    const first = control.capture(SHOP, CPU).id;
    control.hear(message('a'));
    expect(control.hear(message('a', { refused: { id: first, reason: 'no timer' } }))).toEqual({});
    expect(control.findCapture(first)).toMatchObject({ state: 'refused', reason: 'no timer' });

    const unheard = control.capture(SHOP, CPU).id;
    later(119);
    expect(control.findCapture(unheard)?.state).toBe('waiting');
    later(2);
    expect(control.findCapture(unheard)?.state).toBe('expired');
    expect(control.hear(message('a'))).toEqual({});

    const lost = control.capture(SHOP, CPU).id;
    later(100);
    control.hear(message('a'));
    later(89);
    expect(control.findCapture(lost)?.state).toBe('sent');
    later(2);
    expect(control.findCapture(lost)?.state).toBe('expired');
    control.hear(message('a', { captureId: lost }));
    expect(control.findCapture(lost)?.state).toBe('delivered');
    expect(control.findCapture('ffff')).toBeUndefined();
  });

  it('waits as long as the windows of its instance take', () => {
    const control = new Control([], () => now);
    control.hear(message('a', { window: window(10, 300) }));
    const { id } = control.capture(SHOP, CPU);
    later(700);
    expect(control.hear(message('a')).capture?.id).toBe(id);
  });

  it('is asked of the busiest that can and is alive; one at a time of each', () => {
    const control = new Control([], () => now);
    control.hear(message('gone', { window: window(1000) }));
    later(70);
    control.hear(message('parent', { window: window(1) }));
    control.hear(message('busy', { window: window(90) }));
    control.hear(message('unable', { window: window(500), captures: ['heap'] }));
    control.hear(message('idle', { window: window(5) }));
    expect(control.instances([]).map(({ instance }) => instance)).toEqual([
      'idle',
      'unable',
      'busy',
      'parent',
      'gone',
    ]);
    const asked = ['busy', 'idle', 'parent', 'gone'].map(() => control.capture(SHOP, CPU).instance);
    expect(asked).toEqual(['busy', 'idle', 'parent', 'gone']);
    expect(() => control.capture(SHOP, CPU)).toThrow(expect.objectContaining({ code: 'capture_under_way' }));
    expect(control.capture(SHOP, { type: 'heap', seconds: 5 }).instance).toBe('unable');
  });

  it.each([
    ['no_instance', { match: [{ label: 'service_name', operator: '=', value: 'cart' }] }, CPU],
    ['no_instance', { ...SHOP, instance: 'host:b' }, CPU],
    ['cannot_capture', { ...SHOP, instance: 'host:w' }, CPU],
  ] as const)('says %s', (code, target, request) => {
    const control = start();
    control.hear(message('w', { captures: ['wall'] }));
    expect(() => control.capture(target, request)).toThrow(expect.objectContaining({ code }));
    expect(control.capture({ ...SHOP, instance: 'host:a' }, CPU).instance).toBe('a');
    expect(control.capture({ ...SHOP, instance: 'w' }, { ...CPU, type: 'wall' }).instance).toBe('w');
  });

  it('is one of fifty at most', () => {
    const control = new Control([], () => now);
    for (let i = 0; i < 60; i++) control.hear(message(`i${i}`));
    for (let i = 0; i < 50; i++) control.capture(SHOP, CPU);
    expect(() => control.capture(SHOP, CPU)).toThrow(expect.objectContaining({ code: 'too_many_captures' }));
    later(200);
    for (let i = 0; i < 60; i++) control.hear(message(`i${i}`));
    control.capture(SHOP, CPU);
  });
});

describe('the instances that are known', () => {
  it('are forgotten when they are silent, and when there are too many or their names too long', () => {
    const instances = new Instances(() => now, { instances: 3, characters: 400 });
    const known = () => instances.list().map(({ instance }) => instance);
    const hear = (instance: string, value = '') =>
      instances.heard(message(instance, { labels: { x: value } }));
    for (const one of ['a', 'b', 'c', 'd', 'b']) hear(one);
    expect(known()).toEqual(['b', 'd', 'c']);
    hear('e', 'v'.repeat(370));
    expect(known()).toEqual(['e', 'b', 'd']);
    hear('f', 'v'.repeat(370));
    expect(known()).toEqual(['f']);
    later(16 * 60);
    expect(instances.find('f')).toBeUndefined();
    hear('g', 'v'.repeat(390));
    hear('g', '');
    hear('h', 'v'.repeat(380));
    expect(known()).toEqual(['h', 'g']);
  });

  it('keep what their last push said over a question for settings', () => {
    const instances = new Instances(() => now);
    const first = instances.heard(message('a'));
    later(60);
    const { window: _, ...poll } = message('a');
    expect(instances.heard(poll)).toEqual({ ...first, lastSeen: now });
  });
});
