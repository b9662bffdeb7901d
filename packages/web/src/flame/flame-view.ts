import { drawFlame, drawMarks, ROW_HEIGHT, type Scene } from './draw.ts';
import { type FlameLayout, isHidden, nodeOf, rowsDownFrom } from './layout.ts';
import type { NodeStyles } from './node-styles.ts';
import { type FlamePalette, palette } from './palette.ts';
import type { Matches } from './search.ts';
import { entryAt, type Viewport, viewportOf } from './viewport.ts';
import { type Step, walk } from './walk.ts';

/** What the pointer or the keys are at. */
export interface Spot {
  /** Entry of the layout. */
  readonly at: number;
  /** Where to put the card, in CSS pixels of the window. */
  readonly x: number;
  readonly y: number;
  readonly by: 'mouse' | 'touch' | 'keys';
}

export interface FlamePicture {
  readonly layout: FlameLayout;
  /** Node that is zoomed into, and its path id: node numbers change from one answer to the next. */
  readonly focus: number;
  readonly focusId: string;
  readonly matches: Matches | undefined;
  readonly styles: NodeStyles;
  /** Root at the foot. */
  readonly flip: boolean;
  readonly rootName: string;
  readonly hiddenName: (node: number) => string;
}

export interface FlameEvents {
  /** What can be done with a box was asked for, at a place of the window. */
  onMenu(node: number, x: number, y: number): void;
  /** The spot that a card should tell of, or undefined. */
  onSpot(spot: Spot | undefined): void;
  /** A box to zoom into; `node` of a left-out part is the box that it lies under. */
  onOpen(node: number): void;
  onWidth(width: number): void;
}

const ZOOM_MS = 190;

/**
 * The two canvases, as large as what is visible of the graph and no larger: they stick to the window while the stage,
 * as high as the graph, scrolls with the page. Knows nothing of URLs or requests.
 */
export class FlameView {
  readonly #stage: HTMLElement;
  readonly #base: HTMLCanvasElement;
  readonly #overlay: HTMLCanvasElement;
  readonly #events: FlameEvents;
  readonly #ending = new AbortController();
  readonly #resizes: ResizeObserver;
  #picture: FlamePicture | undefined;
  /** Rows from the root to the deepest one shown. */
  #rows = 0;
  #view: Viewport = { left: 0, right: 1 };
  #zoom: { from: Viewport; to: Viewport; start: number } | undefined;
  #palette: FlamePalette;
  #font = '';
  #frame = 0;
  #stale = false;
  #spot: Spot | undefined;
  #selected = -1;
  /** The selection is marked only for those who walk by keys. */
  #walking = false;
  #pointer: { x: number; y: number } | undefined;
  #touch = false;
  /** Milliseconds of drawing that the last frame took; for measurements. */
  lastFrameMs = 0;

  constructor(stage: HTMLElement, base: HTMLCanvasElement, overlay: HTMLCanvasElement, events: FlameEvents) {
    this.#stage = stage;
    this.#base = base;
    this.#overlay = overlay;
    this.#events = events;
    this.#palette = palette(false);
    const { signal } = this.#ending;
    this.#resizes = new ResizeObserver(() => this.#resize());
    this.#resizes.observe(stage);
    window.addEventListener('resize', () => this.#resize(), { signal });
    window.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    this.#listen(signal);
  }

  dispose(): void {
    this.#ending.abort();
    this.#resizes.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  /** Shows a picture. Where the same box stays zoomed into, or another is, the way there is drawn. */
  show(picture: FlamePicture): void {
    const before = this.#picture;
    const target = viewportOf(picture.layout, picture.focus);
    if (before?.layout !== picture.layout) this.#selected = -1;
    this.#picture = picture;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const moved = before !== undefined && before.focusId !== picture.focusId;
    if (moved && !calm) this.#zoom = { from: this.#view, to: target, start: performance.now() };
    else if (this.#zoom && !moved) this.#zoom.to = target;
    else {
      this.#zoom = undefined;
      this.#view = target;
    }
    this.#resize();
    this.#followPointer();
  }

  /** After the looks of the page changed. */
  repaint(dark: boolean): void {
    this.#palette = palette(dark);
    this.#redraw();
  }

  /** Marks a node as the one that the keys are at; -1 for none. */
  select(node: number): void {
    const at = node < 0 || !this.#picture ? -1 : this.#picture.layout.place[node];
    if (at === this.#selected) return;
    this.#selected = at;
    this.#schedule();
  }

  get selected(): number {
    return this.#selected < 0 || !this.#picture ? -1 : nodeOf(this.#picture.layout.entry[this.#selected]);
  }

  /** Moves the selection by one step and brings it into view; returns the node, or -1. */
  move(step: Step): number {
    const picture = this.#picture;
    if (!picture) return -1;
    const view = viewportOf(picture.layout, picture.focus);
    return this.walkTo(this.#selected < 0 ? picture.focus : walk(picture.layout, view, this.selected, step));
  }

  /** Selects a node as keys do, and brings it into view. */
  walkTo(node: number): number {
    const picture = this.#picture;
    if (!picture) return -1;
    const view = viewportOf(picture.layout, picture.focus);
    this.#selected = picture.layout.place[node];
    this.#walking = true;
    this.#touch = false;
    this.#pointer = undefined;
    const row = this.#line(picture.layout.graph.depth[node]);
    this.#bringIntoView(row);
    const stage = this.#stage.getBoundingClientRect();
    const scale = stage.width / (view.right - view.left);
    const x = stage.left + Math.max(0, (picture.layout.left[this.#selected] - view.left) * scale);
    this.#say({ at: this.#selected, x, y: stage.top + (row + 1) * ROW_HEIGHT, by: 'keys' });
    this.#schedule();
    return node;
  }

  /** A row of the layout as a line of the picture, from the top; the same the other way round. */
  #line(row: number): number {
    return this.#picture?.flip ? this.#rows - 1 - row : row;
  }

  clearSpot(): void {
    this.#pointer = undefined;
    this.#say(undefined);
  }

  #listen(signal: AbortSignal): void {
    const canvas = this.#overlay;
    canvas.addEventListener(
      'pointerdown',
      (event) => {
        this.#touch = event.pointerType === 'touch';
        this.#walking = false;
      },
      { signal },
    );
    canvas.addEventListener(
      'pointermove',
      (event) => {
        if (event.pointerType === 'touch') return;
        this.#touch = false;
        this.#pointer = { x: event.clientX, y: event.clientY };
        this.#followPointer();
      },
      { signal },
    );
    canvas.addEventListener(
      'pointerleave',
      (event) => {
        if (event.pointerType !== 'touch') this.clearSpot();
      },
      { signal },
    );
    canvas.addEventListener('click', (event) => this.#clicked(event.clientX, event.clientY), { signal });
    canvas.addEventListener(
      'contextmenu',
      (event) => {
        const at = this.#entryUnder(event.clientX, event.clientY);
        if (at < 0 || !this.#picture) return;
        event.preventDefault();
        this.clearSpot();
        this.#events.onMenu(nodeOf(this.#picture.layout.entry[at]), event.clientX, event.clientY);
      },
      { signal },
    );
    canvas.addEventListener('wheel', (event) => this.#wheeled(event), { signal, passive: false });
  }

  #clicked(x: number, y: number): void {
    const picture = this.#picture;
    const at = this.#entryUnder(x, y);
    if (at < 0 || !picture) {
      this.clearSpot();
      return;
    }
    // There is no hovering with a finger: the first tap shows the card, the second opens.
    if (this.#touch && this.#spot?.at !== at) {
      this.#say({ at, x, y, by: 'touch' });
      return;
    }
    if (this.#touch) this.#say(undefined);
    this.#selected = isHidden(picture.layout.entry[at]) ? -1 : at;
    this.#events.onOpen(nodeOf(picture.layout.entry[at]));
    this.#schedule();
  }

  /** With Ctrl or by pinching: zooms around the pointer. Sideways: moves what is zoomed. The page scrolls by the rest. */
  #wheeled(event: WheelEvent): void {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (!this.#picture || !(event.ctrlKey || event.metaKey || sideways)) return;
    const { left, right } = this.#view;
    const width = right - left;
    if (!event.ctrlKey && !event.metaKey && width >= 1) return;
    event.preventDefault();
    const stage = this.#stage.getBoundingClientRect();
    const zooming = event.ctrlKey || event.metaKey;
    const factor = zooming ? Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * 0.005))) : 1;
    const length = Math.min(1, Math.max(1e-9, width * factor));
    const share = (event.clientX - stage.left) / stage.width;
    const moved = left + share * (width - length) + (zooming ? 0 : (sideways / stage.width) * width);
    const begin = Math.max(0, Math.min(1 - length, moved));
    this.#zoom = undefined;
    this.#view = { left: begin, right: begin + length };
    this.#redraw();
    this.#followPointer();
  }

  #entryUnder(x: number, y: number): number {
    const picture = this.#picture;
    if (!picture) return -1;
    const stage = this.#stage.getBoundingClientRect();
    const { left, right } = this.#view;
    const share = left + ((x - stage.left) / stage.width) * (right - left);
    return entryAt(picture.layout, this.#line(Math.floor((y - stage.top) / ROW_HEIGHT)), share);
  }

  /** After the pointer moved, or the picture under it. */
  #followPointer(): void {
    if (this.#pointer) {
      const { x, y } = this.#pointer;
      const at = this.#entryUnder(x, y);
      this.#say(at < 0 ? undefined : { at, x, y, by: 'mouse' });
    } else if (this.#spot) this.#say(undefined);
  }

  #say(spot: Spot | undefined): void {
    const { at = -1 } = this.#spot ?? {};
    this.#spot = spot;
    this.#overlay.style.cursor = spot ? 'pointer' : '';
    this.#events.onSpot(spot);
    if (at !== (spot?.at ?? -1)) this.#schedule();
  }

  #bringIntoView(row: number): void {
    const stage = this.#stage.getBoundingClientRect();
    const top = stage.top + row * ROW_HEIGHT;
    const ceiling = this.#stickyTop();
    if (top < ceiling) window.scrollBy({ top: top - ceiling - ROW_HEIGHT });
    else if (top + 2 * ROW_HEIGHT > innerHeight) window.scrollBy({ top: top + 3 * ROW_HEIGHT - innerHeight });
  }

  #stickyTop(): number {
    const holder = this.#base.parentElement;
    return holder ? Number.parseFloat(getComputedStyle(holder).top) || 0 : 0;
  }

  #scrolled(): void {
    this.#redraw();
    if (this.#spot?.by === 'mouse') this.#followPointer();
  }

  /** Fits stage and canvases to the graph and the window. A canvas that changes its size loses its picture. */
  #resize(): void {
    const holder = this.#base.parentElement;
    const picture = this.#picture;
    if (!holder || !picture) return;
    this.#font = getComputedStyle(this.#base).font;
    const { layout, focus } = picture;
    // While the way to a box is drawn, what is left behind is still seen.
    const rows = this.#zoom ? layout.rows : rowsDownFrom(layout, focus);
    this.#rows = rows;
    const full = rows * ROW_HEIGHT;
    this.#stage.style.height = `${full}px`;
    const width = this.#stage.clientWidth;
    const height = Math.max(1, Math.min(full, innerHeight - this.#stickyTop()));
    holder.style.height = `${height}px`;
    for (const canvas of [this.#base, this.#overlay]) {
      const pixelWidth = Math.round(width * devicePixelRatio);
      const pixelHeight = Math.round(height * devicePixelRatio);
      if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
      if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
    }
    this.#events.onWidth(width);
    this.#stale = true;
    // In the same task, not in the next frame: an emptied canvas would flicker.
    this.#draw(performance.now());
  }

  #redraw(): void {
    this.#stale = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now: number): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const scene = this.#scene(now);
    if (!scene) return;
    const base = this.#base.getContext('2d');
    const overlay = this.#overlay.getContext('2d');
    if (!base || !overlay) return;
    const start = performance.now();
    if (this.#stale) drawFlame(base, scene);
    this.#stale = false;
    drawMarks(overlay, scene, this.#spot?.at ?? -1, this.#walking ? this.#selected : -1);
    this.lastFrameMs = performance.now() - start;
    if (this.#zoom) this.#redraw();
  }

  #scene(now: number): Scene | undefined {
    const picture = this.#picture;
    const holder = this.#base.parentElement;
    if (!picture || !holder) return undefined;
    this.#advance(now);
    const stage = this.#stage.getBoundingClientRect();
    return {
      layout: picture.layout,
      view: this.#view,
      width: stage.width,
      height: holder.clientHeight,
      scrollTop: Math.max(0, holder.getBoundingClientRect().top - stage.top),
      pixelRatio: devicePixelRatio,
      palette: this.#palette,
      styles: picture.styles,
      rows: this.#rows,
      flip: picture.flip,
      font: this.#font,
      rootName: picture.rootName,
      matches: picture.matches,
      hiddenName: picture.hiddenName,
    };
  }

  #advance(now: number): void {
    if (!this.#zoom) return;
    const { from, to, start } = this.#zoom;
    const t = Math.min(1, Math.max(0, (now - start) / ZOOM_MS));
    const eased = 1 - (1 - t) ** 3;
    this.#view =
      t === 1
        ? to
        : {
            left: from.left + (to.left - from.left) * eased,
            right: from.right + (to.right - from.right) * eased,
          };
    this.#stale = true;
    if (t < 1) return;
    this.#zoom = undefined;
    queueMicrotask(() => this.#resize());
  }
}
