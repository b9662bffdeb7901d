import type { Box } from '@everflame/profile';
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { FlameView, type Spot } from '../../flame/flame-view.ts';
import type { NodeStyles } from '../../flame/node-styles.ts';
import type { Matches } from '../../flame/search.ts';
import { formatCount, formatShare } from '../../format/units.ts';
import { flameWidth, pathIdsOf, type ShownGraph } from '../../state/data.ts';
import { look } from '../../state/theme.ts';
import { FlameGrid } from './flame-grid.tsx';
import { HoverCard } from './hover-card.tsx';

/** One thing that is said of a box. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface FlamePictureProps {
  readonly shown: ShownGraph;
  /** Node that is zoomed into, and its path id. */
  readonly focus: number;
  readonly focusId: string;
  readonly matches: Matches | undefined;
  readonly styles: NodeStyles;
  readonly flip: boolean;
  readonly rootName: string;
  /** What a box is worth, in place of its total and self: two columns of words. */
  readonly facts?: ((node: number) => readonly Fact[]) | undefined;
  /** What the picture is of, for those who cannot see it. */
  readonly label: string;
  /** Node to go to; a new object for each time. */
  readonly goTo?: { readonly node: number } | undefined;
  onOpen(node: number): void;
  onBack(): void;
  onMenu(box: Box, node: number, x: number, y: number): void;
}

/** A flame graph: the canvas, the card under the pointer, and the tree grid that says the same in words. */
export function FlamePicture(props: FlamePictureProps) {
  const { shown, focus, focusId, matches, styles, flip, rootName, label, facts, goTo } = props;
  const stage = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const flame = useRef<FlameView>(undefined);
  const spot = useRef(signal<Spot | undefined>(undefined)).current;
  const selected = useRef(signal(-1)).current;
  const latest = useRef(props);
  latest.current = props;

  const menu = (node: number, x: number, y: number) => {
    const { graph } = latest.current.shown;
    if (node > 0) latest.current.onMenu(graph.boxes[graph.box[node]], node, x, y);
  };
  useEffect(() => {
    const made = new FlameView(
      stage.current as HTMLDivElement,
      base.current as HTMLCanvasElement,
      overlay.current as HTMLCanvasElement,
      {
        onSpot: (at) => (spot.value = at),
        onOpen: (node) => latest.current.onOpen(node),
        onMenu: menu,
        onWidth: (width) => (flameWidth.value = Math.max(200, Math.ceil(width / 200) * 200)),
      },
    );
    flame.current = made;
    return () => made.dispose();
  }, []);
  const { dark } = look.value;
  useEffect(() => flame.current?.repaint(dark), [dark]);

  const before = useRef(shown);
  useEffect(() => {
    const view = flame.current;
    if (!view) return;
    const id = view.selected < 0 ? undefined : idWords(before.current, view.selected);
    view.show({
      layout: shown.layout,
      focus,
      focusId,
      matches,
      styles,
      flip,
      rootName,
      hiddenName: (node) => hiddenName(shown, node),
    });
    if (before.current !== shown) {
      selected.value = id ? nodeWithId(shown, id) : -1;
      view.select(selected.value);
    }
    before.current = shown;
  }, [shown, focus, focusId, matches, styles, flip]);
  useEffect(() => {
    if (!goTo || goTo.node < 0) return;
    selected.value = goTo.node;
    flame.current?.walkTo(goTo.node);
  }, [goTo]);

  const keys = (event: KeyboardEvent) => {
    const view = flame.current;
    if (!view || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = flip ? (FLIPPED[event.key] ?? event.key) : event.key;
    const step = STEPS[key];
    if (step) selected.value = view.move(step);
    else if (event.key === 'Enter' && view.selected >= 0) props.onOpen(view.selected);
    else if (event.key === 'Backspace') props.onBack();
    else if ((event.key === 'm' || event.key === 'ContextMenu') && view.selected >= 0) {
      const at = spot.value;
      const place = stage.current?.getBoundingClientRect();
      menu(view.selected, at?.x ?? place?.left ?? 0, at?.y ?? place?.top ?? 0);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const open = (node: number) => {
    flame.current?.clearSpot();
    props.onOpen(node);
  };
  return (
    <>
      <div ref={stage} class="flame-stage">
        <div class="flame-window">
          <canvas ref={base} />
          <canvas ref={overlay} />
          <FlameGrid
            shown={shown}
            focus={focus}
            selected={selected.value}
            rootName={rootName}
            label={label}
            facts={facts}
            onKeyDown={keys}
            onBlur={() => flame.current?.clearSpot()}
          />
        </div>
      </div>
      {spot.value && <HoverCard spot={spot.value} shown={shown} focus={focus} facts={facts} onOpen={open} />}
    </>
  );
}

const STEPS: Readonly<Record<string, 'parent' | 'child' | 'next' | 'previous' | 'first'>> = {
  ArrowUp: 'parent',
  ArrowDown: 'child',
  ArrowLeft: 'previous',
  ArrowRight: 'next',
  Home: 'first',
};
/** Keys lead where one sees them lead. */
const FLIPPED: Readonly<Record<string, string>> = { ArrowUp: 'ArrowDown', ArrowDown: 'ArrowUp' };

export function hiddenName({ graph: { hidden, hiddenValue, total } }: ShownGraph, node: number): string {
  const boxes = hidden[node] === 1 ? '1 more box' : `${formatCount(hidden[node])} more boxes`;
  return `${boxes}, ${formatShare(hiddenValue[node] / total[0])}`;
}

function idWords({ graph: of }: ShownGraph, node: number): readonly [number, number] {
  const ids = pathIdsOf(of);
  return [ids[node * 2], ids[node * 2 + 1]];
}

function nodeWithId({ graph: of }: ShownGraph, [low, high]: readonly [number, number]): number {
  const ids = pathIdsOf(of);
  for (let i = 0; i < of.length; i++) if (ids[i * 2] === low && ids[i * 2 + 1] === high) return i;
  return -1;
}
