import { type Box, boxName } from '@everflame/profile';
import { oklch } from './oklch.ts';

/**
 * The colours of boxes. A box's hue says its package (the first part of its module), so that one's own code, a framework
 * and the standard library are told apart at a glance; its shade says the function, so that neighbours of one module
 * are told apart too. Both are hashes of names: a picture stays the same from one day to the next.
 *
 * Hues run over embers, ambers, straw and ash, and differ in lightness as well: what a colour-blind person cannot tell
 * by hue is told by lightness. Blue is kept for what was searched for: of all hues it stands out against orange to
 * every kind of eye.
 */
interface Hue {
  readonly hue: number;
  readonly chroma: number;
  /** Added to the theme's lightness. */
  readonly lift: number;
}

const HUES: readonly Hue[] = [
  { hue: 53, chroma: 0.1, lift: -0.02 },
  { hue: 78, chroma: 0.105, lift: 0.02 },
  { hue: 40, chroma: 0.075, lift: 0.015 },
  { hue: 96, chroma: 0.075, lift: 0.045 },
  { hue: 62, chroma: 0.06, lift: -0.04 },
  { hue: 30, chroma: 0.055, lift: -0.055 },
  { hue: 85, chroma: 0.024, lift: 0.02 },
  { hue: 108, chroma: 0.05, lift: -0.005 },
  { hue: 65, chroma: 0.1, lift: 0.045 },
  { hue: 55, chroma: 0.022, lift: -0.065 },
];

/** Shades of a hue: added to its lightness. */
const SHADES = [0, -0.018, 0.018, -0.034, 0.034];

export const HUE_COUNT = HUES.length;
/** Styles of modules and functions; behind them stand those of the two ramps. */
export const STYLES = HUES.length * SHADES.length;

/** From little to much: straw to ember, each step darker than the one before (in the dark: brighter). */
export const HEAT_STEPS = 12;
export const HEAT_STYLE = STYLES;
/**
 * From shrunk over unchanged to grown: blue, grey, orange. These two are told apart by every kind of eye, and each gets
 * stronger away from the middle.
 */
export const CHANGE_STEPS = 13;
export const CHANGE_STYLE = HEAT_STYLE + HEAT_STEPS;

/** The program itself, as Python and Go call it: it gets the ember, and leaves the other hues to what it uses. */
const OWN = new Set(['__main__', 'main']);

export interface FlamePalette {
  /** By style, see `styleOf`. */
  readonly fill: readonly string[];
  /** The same, paler: for runs of boxes too narrow to draw one by one. */
  readonly paleFill: readonly string[];
  readonly text: string;
  readonly root: string;
  readonly rootText: string;
  /** Lines across what was left out, and the ground under them. */
  readonly hatch: string;
  readonly hatchGround: string;
  readonly hatchText: string;
  readonly match: string;
  readonly matchText: string;
  /** Laid over the box under the pointer. */
  readonly hover: string;
  readonly outline: string;
  readonly ring: string;
}

export function palette(dark: boolean): FlamePalette {
  const lightness = dark ? 0.465 : 0.835;
  const strength = dark ? 0.92 : 1;
  const fill: string[] = [];
  for (const { hue, chroma, lift } of HUES) {
    for (const shade of SHADES)
      fill.push(oklch(lightness + (lift + shade) * (dark ? 0.8 : 1), chroma * strength, hue));
  }
  for (let step = 0; step < HEAT_STEPS; step++) {
    const share = step / (HEAT_STEPS - 1);
    fill.push(
      dark
        ? oklch(0.33 + 0.19 * share, 0.015 + 0.105 * share, 75 - 30 * share)
        : oklch(0.93 - 0.2 * share, 0.015 + 0.125 * share, 90 - 45 * share),
    );
  }
  for (let step = 0; step < CHANGE_STEPS; step++) {
    const share = (2 * step) / (CHANGE_STEPS - 1) - 1;
    const size = Math.abs(share);
    fill.push(
      dark
        ? oklch(0.33 + 0.15 * size, 0.006 + 0.1 * size, share < 0 ? 252 : 50)
        : oklch(0.91 - 0.16 * size, 0.006 + 0.11 * size, share < 0 ? 252 : 55),
    );
  }
  const paleFill = fill.map((colour) => `${colour}b8`);
  return dark
    ? {
        fill,
        paleFill,
        text: oklch(0.965, 0.012, 75),
        root: oklch(0.34, 0.012, 60),
        rootText: oklch(0.94, 0.012, 75),
        hatch: oklch(0.4, 0.015, 60),
        hatchGround: oklch(0.265, 0.01, 60),
        hatchText: oklch(0.78, 0.02, 70),
        match: oklch(0.56, 0.15, 258),
        matchText: oklch(0.99, 0.005, 258),
        hover: 'rgb(255 255 255 / 0.14)',
        outline: oklch(0.96, 0.02, 75),
        ring: oklch(0.8, 0.13, 65),
      }
    : {
        fill,
        paleFill,
        text: oklch(0.255, 0.03, 50),
        root: oklch(0.915, 0.012, 70),
        rootText: oklch(0.3, 0.02, 50),
        hatch: oklch(0.865, 0.018, 65),
        hatchGround: oklch(0.96, 0.008, 70),
        hatchText: oklch(0.47, 0.025, 55),
        match: oklch(0.54, 0.16, 257),
        matchText: oklch(0.995, 0.003, 255),
        hover: 'rgb(255 255 255 / 0.22)',
        outline: oklch(0.3, 0.03, 50),
        ring: oklch(0.5, 0.15, 45),
      };
}

/** As `styleOf`, with the function alone: neighbours of one module are told apart better, modules not at all. */
export function functionStyleOf(box: Box): number {
  return hash(boxName(box)) % STYLES;
}

/** Index of a box's colour in `fill`. */
export function styleOf(box: Box): number {
  const family = familyOf(box);
  const hue = OWN.has(family) ? 0 : hash(family) % HUES.length;
  return hue * SHADES.length + (hash(box.function) % SHADES.length);
}

const LIBRARIES = /^.*\/(?:site-packages|dist-packages|node_modules|pkg\/mod|python\d[\d.]*|src)\//;

/**
 * The package that holds a box.
 *
 *     gevent.hub                                  gevent
 *     github.com/acme/shop/cart                   github.com/acme/shop
 *     /usr/lib/python3/site-packages/flask/app.py flask
 *     /srv/app/shop.py                            /srv/app
 */
export function familyOf({ function: name, module, file }: Box): string {
  const where = module || file.replace(LIBRARIES, '') || goPackage(name);
  if (!where.includes('/')) return where.split(/[.:]/, 1)[0];
  const parts = where.split('/');
  if (parts[0] === '') return parts.slice(0, -1).join('/');
  const isDomain = parts[0].includes('.') && parts.length > 2;
  return parts.slice(0, isDomain ? 3 : 1).join('/');
}

/** `net/http.(*conn).serve` → `net/http`: Go's functions say their package themselves. */
function goPackage(name: string): string {
  const slash = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', slash);
  return dot > 0 ? name.slice(0, dot) : '';
}

/** FNV-1a, with a last mix: its low bits alone are too even for a small remainder. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
