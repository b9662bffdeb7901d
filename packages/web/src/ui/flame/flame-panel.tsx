import { computed, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { FlameView, type Spot } from '../flame/flame-view.ts';
import { findMatches, parseSearch, sumMatches } from '../flame/search.ts';
import { typeName } from '../format/profile-types.ts';
import { formatCount, formatShare, formatValue } from '../format/units.ts';
import { zoomInto, zoomOut } from '../state/actions.ts';
import { flameWidth, focusNode, graph, pathIdsOf, picture, type ShownGraph } from '../state/data.ts';
import { parseSelector } from '../state/selector.ts';
import { look } from '../state/theme.ts';
import { view } from '../state/view.ts';
import { Breadcrumbs } from './breadcrumbs.tsx';
import { describeNode, HoverCard } from './hover-card.tsx';
import { SearchBox } from './search-box.tsx';
import '../styles/flame.css';

const parsedSearch = computed(() => parseSearch(view.value.search));

const matches = computed(() => {
  const shown = picture.value;
  const search = parsedSearch.value;
  return shown && search.kind === 'test' ? findMatches(shown.layout, search.test) : undefined;
});

/** What the search found in the box that is zoomed into. */
export const found = computed(() => {
  const shown = picture.value;
  return shown && matches.value
    ? sumMatches(shown.graph, matches.value, Math.max(0, focusNode.value))
    : undefined;
});

const spot = signal<Spot | undefined>(undefined);
const spoken = signal('');

export function FlamePanel() {
  const shown = picture.value;
  return (
    <section class="flame" aria-label="Flame graph">
      <div class="flame-bar">
        <Breadcrumbs />
        <SearchBox search={parsedSearch.value} found={found.value} />
        <div class="progress" data-busy={graph.pending.value} aria-hidden="true" />
      </div>
      {shown && <Picture shown={shown} />}
      <p class="visually-hidden" aria-live="polite">
        {spoken.value}
      </p>
    </section>
  );
}

function Picture({ shown }: { shown: ShownGraph }) {
  const stage = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const flame = useRef<FlameView>(undefined);

  useEffect(() => {
    const made = new FlameView(
      stage.current as HTMLDivElement,
      base.current as HTMLCanvasElement,
      overlay.current as HTMLCanvasElement,
      {
        onSpot: (at) => (spot.value = at),
        onOpen: zoomInto,
        onWidth: (width) => (flameWidth.value = Math.max(200, Math.ceil(width / 200) * 200)),
      },
    );
    flame.current = made;
    return () => {
      made.dispose();
      spot.value = undefined;
    };
  }, []);

  const focus = Math.max(0, focusNode.value);
  const found = matches.value;
  const before = useRef(shown);
  useEffect(() => {
    const view_ = flame.current;
    if (!view_) return;
    const selected = view_.selected;
    const id = selected < 0 ? undefined : idWords(before.current, selected);
    view_.show({
      layout: shown.layout,
      focus,
      focusId: focus === 0 ? '' : view.peek().focus,
      matches: found,
      rootName: serviceName(shown),
      hiddenName: (node) => hiddenName(shown, node),
    });
    if (id && before.current !== shown) view_.select(nodeWithId(shown, id));
    before.current = shown;
  }, [shown, focus, found]);

  const { dark } = look.value;
  useEffect(() => flame.current?.repaint(dark), [dark]);

  const keys = (event: KeyboardEvent) => {
    const view_ = flame.current;
    if (!view_ || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step) {
      const node = view_.move(step);
      if (node >= 0) spoken.value = describeNode(shown, node, focus);
    } else if (event.key === 'Enter' && view_.selected >= 0) zoomInto(view_.selected);
    else if (event.key === 'Backspace') zoomOut();
    else return;
    event.preventDefault();
  };
  const open = (node: number) => {
    flame.current?.clearSpot();
    zoomInto(node);
  };
  return (
    <>
      <div ref={stage} class="flame-stage">
        <div class="flame-window">
          <canvas ref={base} />
          {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: the keys walk a picture that has no elements */}
          <canvas
            ref={overlay}
            tabIndex={0}
            role="application"
            aria-roledescription="flame graph"
            aria-label={`${typeName(shown.answer.type)} of ${serviceName(shown)}, ${formatValue(shown.answer.total, shown.answer.unit)}. Arrow keys walk from box to box, Enter zooms in, Escape zooms out.`}
            onKeyDown={keys}
            onBlur={() => flame.current?.clearSpot()}
          />
        </div>
      </div>
      {spot.value && <HoverCard spot={spot.value} shown={shown} focus={focus} onOpen={open} />}
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

function serviceName({ answer }: ShownGraph): string {
  return parseSelector(answer.query).service || 'All services';
}

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
