import { describe, expect, it } from 'vitest';
import { oklch } from './oklch.ts';
import {
  CHANGE_STEPS,
  CHANGE_STYLE,
  familyOf,
  HEAT_STEPS,
  HEAT_STYLE,
  HUE_COUNT,
  palette,
  STYLES,
  styleOf,
} from './palette.ts';

const channels = (colour: string) =>
  (colour.match(/[0-9a-f]{2}/g) as string[]).map((two) => Number.parseInt(two, 16) / 255);

/** WCAG 2: relative luminance. */
function luminance(colour: string): number {
  const [red, green, blue] = channels(colour).map((one) =>
    one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

describe.each([
  ['light', false],
  ['dark', true],
])('palette, %s', (_name, dark) => {
  const { fill, text, root, rootText, match, matchText, hatchGround, hatchText } = palette(dark);

  it('has text of contrast AA (4.5) on every box', () => {
    expect(fill).toHaveLength(STYLES + HEAT_STEPS + CHANGE_STEPS);
    for (const one of fill) expect(contrast(one, text)).toBeGreaterThan(4.5);
    expect(contrast(root, rootText)).toBeGreaterThan(4.5);
    expect(contrast(match, matchText)).toBeGreaterThan(4.5);
    expect(contrast(hatchGround, hatchText)).toBeGreaterThan(4.5);
  });

  it('keeps blue for matches', () => {
    const blueness = (colour: string) => channels(colour)[2] - channels(colour)[0];
    for (const one of fill.slice(0, CHANGE_STYLE)) expect(blueness(one)).toBeLessThan(0.02);
    expect(blueness(match)).toBeGreaterThan(0.4);
  });

  it('tells less from more to every kind of eye, the more the further apart', () => {
    const ramp = fill.slice(CHANGE_STYLE);
    const blue = ramp.map((colour) => channels(colour)[2] - channels(colour)[0]);
    for (let i = 1; i < ramp.length; i++) expect(blue[i]).toBeLessThan(blue[i - 1]);
    expect(blue[0]).toBeGreaterThan(0.2);
    expect(blue[ramp.length - 1]).toBeLessThan(-0.2);
    expect(Math.abs(blue[(ramp.length - 1) / 2])).toBeLessThan(0.05);
  });

  it('gets stronger with own time', () => {
    const ramp = fill.slice(HEAT_STYLE, HEAT_STYLE + HEAT_STEPS).map(luminance);
    for (let i = 1; i < ramp.length; i++)
      expect(dark ? ramp[i] - ramp[i - 1] : ramp[i - 1] - ramp[i]).toBeGreaterThan(0);
  });
});

it.each([
  [0.6279554, 0.2576833, 29.233881, '#ff0000'],
  [0.8664396, 0.2948272, 142.4953389, '#00ff00'],
  [0.4520137, 0.3132142, 264.0520206, '#0000ff'],
  [1, 0, 0, '#ffffff'],
])('OKLCH %d %d %d is %s', (lightness, chroma, hue, hex) => expect(oklch(lightness, chroma, hue)).toBe(hex));

describe('families', () => {
  it.each([
    [{ function: 'run', module: 'gevent.hub', file: 'x.py' }, 'gevent'],
    [{ function: 'run', module: '', file: '/usr/lib/python3/site-packages/flask/app.py' }, 'flask'],
    [{ function: 'run', module: '', file: '/srv/app/node_modules/fastify/lib/route.js' }, 'fastify'],
    [{ function: 'net/http.(*conn).serve', module: '', file: '' }, 'net'],
    [{ function: 'x', module: 'github.com/acme/shop/cart', file: '' }, 'github.com/acme/shop'],
    [{ function: 'x', module: '', file: '/srv/app/shop.py' }, '/srv/app'],
    [{ function: 'x', module: '', file: '' }, ''],
  ])('%j belongs to %s', (box, family) => expect(familyOf(box)).toBe(family));

  const hueOf = (name: string, module: string) =>
    Math.floor((styleOf({ function: name, module, file: '' }) * HUE_COUNT) / STYLES);

  it('give all of a package one hue, and its functions shades', () => {
    const modules = ['gevent.hub', 'gevent.pool', 'gevent.event', 'gevent'];
    expect(new Set(modules.map((module) => hueOf('run', module))).size).toBe(1);
    const styles = Array.from({ length: 40 }, (_, i) =>
      styleOf({ function: `f${i}`, module: 'gevent', file: '' }),
    );
    expect(new Set(styles).size).toBe(STYLES / HUE_COUNT);
  });

  it('spread packages over the hues, and give the program itself the first', () => {
    expect(new Set(Array.from({ length: 120 }, (_, i) => hueOf('f', `pkg${i}`))).size).toBe(HUE_COUNT);
    expect(hueOf('run', '__main__')).toBe(0);
  });
});
