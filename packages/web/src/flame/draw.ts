import { boxLocation } from '@everflame/profile';
import { fitText, type Measure } from './fit-text.ts';
import { type FlameLayout, isHidden, nodeOf } from './layout.ts';
import type { FlamePalette } from './palette.ts';
import { type Matches, matchesIn } from './search.ts';
import { eachRun, type Viewport } from './viewport.ts';

/** CSS pixels. */
export const ROW_HEIGHT = 21;
/** Between boxes, and between rows. */
const GAP = 1;
const PADDING = 6;
/** Under this a box has no name: two letters and an ellipsis do not fit. */
const NAMED_FROM_PX = 26;
const DIMMED = 0.3;

export interface Scene {
  readonly layout: FlameLayout;
  readonly view: Viewport;
  /** CSS pixels, and how many rows lie above the canvas. */
  readonly width: number;
  readonly height: number;
  readonly scrollTop: number;
  readonly pixelRatio: number;
  readonly palette: FlamePalette;
  /** Colour of each node of the graph, as an index into the palette. */
  readonly styles: Uint8Array;
  /** Rows from the root to the deepest one shown. */
  readonly rows: number;
  /** Root at the foot. */
  readonly flip: boolean;
  readonly font: string;
  readonly rootName: string;
  readonly matches: Matches | undefined;
  /** What a left-out part says of itself. */
  readonly hiddenName: (node: number) => string;
}

/** Draws what is visible and nothing else; see `eachRun` for what that costs. */
export function drawFlame(context: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, view, width, height, scrollTop, pixelRatio } = scene;
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.textBaseline = 'middle';
  context.font = scene.font;
  const measure: Measure = (text) => context.measureText(text).width;

  const firstLine = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT));
  const lastLine = Math.min(scene.rows - 1, Math.floor((scrollTop + height) / ROW_HEIGHT));
  for (let line = firstLine; line <= lastLine; line++) {
    const y = line * ROW_HEIGHT - scrollTop;
    const row = scene.flip ? scene.rows - 1 - line : line;
    if (row >= layout.rows) continue;
    eachRun(layout, row, view, width, (first, last, x0, x1) => {
      if (x0 >= width) return;
      const begin = snap(Math.max(0, x0), pixelRatio);
      const end = snap(Math.min(width, x1), pixelRatio);
      if (first !== last) drawDust(context, scene, first, last, begin, end, y);
      else if (isHidden(layout.entry[first])) drawHidden(context, scene, first, begin, end, y, measure);
      else drawBox(context, scene, first, begin, end, y, measure);
    });
  }
  context.globalAlpha = 1;
}

/** On a whole device pixel: edges stay sharp, and neighbours neither overlap nor gape. */
function snap(x: number, pixelRatio: number): number {
  return Math.round(x * pixelRatio) / pixelRatio;
}

function drawBox(
  context: CanvasRenderingContext2D,
  { layout, palette, styles, matches, rootName }: Scene,
  at: number,
  begin: number,
  end: number,
  y: number,
  measure: Measure,
): void {
  const { graph } = layout;
  const node = layout.entry[at];
  const index = graph.box[node];
  const isRoot = node === 0;
  const isMatch = matches !== undefined && matches.box[index] === 1;
  context.globalAlpha = matches && !isMatch ? DIMMED : 1;
  context.fillStyle = isMatch ? palette.match : isRoot ? palette.root : palette.fill[styles[node]];
  const width = Math.max(end - begin - GAP, Math.min(1, end - begin));
  if (width > 8) {
    context.beginPath();
    context.roundRect(begin, y, width, ROW_HEIGHT - GAP, 2);
    context.fill();
  } else context.fillRect(begin, y, Math.max(width, 0.5), ROW_HEIGHT - GAP);
  if (width < NAMED_FROM_PX) return;

  const room = width - 2 * PADDING;
  const middle = y + (ROW_HEIGHT - GAP) / 2 + 0.5;
  const box = graph.boxes[index];
  const name = fitText(isRoot ? rootName : box.function || '(no name)', room, measure);
  if (name === '') return;
  if (matches && !isMatch) context.globalAlpha = 0.55;
  context.fillStyle = isMatch ? palette.matchText : isRoot ? palette.rootText : palette.text;
  context.fillText(name, begin + PADDING, middle);
  if (isRoot || (isMatch ? false : matches !== undefined)) return;

  // Where there is room, the module says itself, more quietly.
  const used = measure(name) + 8;
  if (room - used < 40 || name !== box.function) return;
  const location = fitText(shortLocation(boxLocation(box)), room - used, measure);
  if (location === '') return;
  context.globalAlpha = 0.72;
  context.fillText(location, begin + PADDING + used, middle);
}

/** A file by its last two parts: the rest is the same for all of a program's files. */
function shortLocation(location: string): string {
  const parts = location.split('/');
  return parts.length > 2 && parts[0] === '' ? parts.slice(-2).join('/') : location;
}

function drawDust(
  context: CanvasRenderingContext2D,
  { layout, palette, styles, matches }: Scene,
  first: number,
  last: number,
  begin: number,
  end: number,
  y: number,
): void {
  const isMatch = matches !== undefined && matchesIn(matches, first, last);
  const { entry } = layout;
  const middle = entry[(first + last) >>> 1];
  // One of them stands for all: a grey run would say nothing of what it is made of.
  const colour = isMatch ? palette.match : palette.paleFill[styles[nodeOf(middle)]];
  context.globalAlpha = matches && !isMatch ? DIMMED : 1;
  context.fillStyle = colour;
  context.fillRect(begin, y, Math.max(end - begin, 0.5), ROW_HEIGHT - GAP);
}

function drawHidden(
  context: CanvasRenderingContext2D,
  { layout, palette, matches, hiddenName, pixelRatio }: Scene,
  at: number,
  begin: number,
  end: number,
  y: number,
  measure: Measure,
): void {
  const width = Math.max(end - begin - GAP, Math.min(1, end - begin));
  const height = ROW_HEIGHT - GAP;
  context.globalAlpha = matches ? 0.5 : 1;
  context.fillStyle = palette.hatchGround;
  context.fillRect(begin, y, width, height);
  if (width >= 3) {
    context.fillStyle = hatch(context, palette, pixelRatio);
    context.fillRect(begin, y, width, height);
  }
  if (width < 3 * NAMED_FROM_PX) return;
  const text = hiddenName(nodeOf(layout.entry[at]));
  // Half a sentence would say less than the hatching does.
  if (measure(text) > width - 2 * PADDING) return;
  context.fillStyle = palette.hatchGround;
  context.fillRect(begin + PADDING - 4, y + 3, measure(text) + 8, height - 6);
  context.fillStyle = palette.hatchText;
  context.fillText(text, begin + PADDING, y + height / 2 + 0.5);
}

const hatches = new Map<string, CanvasPattern | string>();

/** Diagonal lines, 6 px apart, drawn once for each colour and pixel ratio. */
function hatch(
  context: CanvasRenderingContext2D,
  { hatch: colour }: FlamePalette,
  pixelRatio: number,
): CanvasPattern | string {
  const key = `${colour} ${pixelRatio}`;
  let pattern = hatches.get(key);
  if (pattern === undefined) {
    const size = Math.round(6 * pixelRatio);
    const tile = document.createElement('canvas');
    tile.width = size;
    tile.height = size;
    const pen = tile.getContext('2d') as CanvasRenderingContext2D;
    pen.strokeStyle = colour;
    pen.lineWidth = pixelRatio * 1.4;
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
    }
    pen.stroke();
    pattern = context.createPattern(tile, 'repeat') ?? colour;
    if (typeof pattern !== 'string') pattern.setTransform(new DOMMatrix().scale(1 / pixelRatio));
    hatches.set(key, pattern);
  }
  return pattern;
}

/** Marks on the second canvas: moving the pointer never draws the picture again. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  scene: Scene,
  hovered: number,
  selected: number,
): void {
  const { width, height, pixelRatio, palette } = scene;
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (hovered >= 0) {
    const { x, y, boxWidth } = edges(scene, hovered);
    context.fillStyle = palette.hover;
    context.strokeStyle = palette.outline;
    context.lineWidth = 1.25;
    context.beginPath();
    context.roundRect(x, y, boxWidth, ROW_HEIGHT - GAP, 2);
    context.fill();
    context.stroke();
  }
  if (selected >= 0) {
    const { x, y, boxWidth } = edges(scene, selected);
    context.strokeStyle = palette.ring;
    context.lineWidth = 2;
    context.beginPath();
    context.roundRect(x, y, boxWidth, ROW_HEIGHT - GAP, 2);
    context.stroke();
  }
}

/** Where an entry's box is, within the canvas; at least 3 px wide, so that a mark on it is seen. */
function edges(
  { layout, view, width, scrollTop, rows, flip }: Scene,
  at: number,
): { x: number; y: number; boxWidth: number } {
  const scale = width / (view.right - view.left);
  const x = Math.max(1, (layout.left[at] - view.left) * scale);
  const end = Math.min(width - 1, (layout.right[at] - view.left) * scale - GAP);
  let row = 0;
  while (layout.offsets[row + 1] <= at) row++;
  const line = flip ? rows - 1 - row : row;
  return { x, y: line * ROW_HEIGHT - scrollTop, boxWidth: Math.max(3, end - x) };
}
