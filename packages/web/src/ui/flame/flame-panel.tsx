import { computed, signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { stylesByFunction, stylesByModule, stylesBySelf } from '../../flame/node-styles.ts';
import { typeName } from '../../format/profile-types.ts';
import { formatValue } from '../../format/units.ts';
import { zoomInto, zoomOut } from '../../state/actions.ts';
import { focusNode, picture, type ShownGraph } from '../../state/data.ts';
import { found, matches, nextMatch } from '../../state/matches.ts';
import { parseSelector } from '../../state/selector.ts';
import { view } from '../../state/view.ts';
import { openBoxMenu } from '../menu/box-menu-state.ts';
import { Breadcrumbs } from './breadcrumbs.tsx';
import { FlamePicture } from './flame-picture.tsx';
import { FlameTools } from './flame-tools.tsx';
import { SearchBox } from './search-box.tsx';
import '../../styles/flame.css';

const goTo = signal<{ readonly node: number } | undefined>(undefined);

/** To the next match of the search (1), or the one before (-1), and the selection with it. */
export function goToMatch(direction: 1 | -1): void {
  const shown = picture.peek();
  const found = matches.peek();
  if (!shown || !found) return;
  const node = nextMatch(shown.graph, found, goTo.peek()?.node ?? 0, direction);
  if (node >= 0) goTo.value = { node };
}

const styles = computed(() => {
  const shown = picture.value;
  if (!shown) return new Uint8Array();
  switch (view.value.colour) {
    case 'module':
      return stylesByModule(shown.graph);
    case 'function':
      return stylesByFunction(shown.graph);
    case 'self':
      return stylesBySelf(shown.graph);
  }
});

/** The flame graph of the selection. */
export function FlamePanel() {
  const shown = picture.value;
  return (
    <section class="flame" aria-label="Flame graph">
      <div class="flame-bar">
        <Breadcrumbs />
        <FlameTools />
        <SearchBox found={found.value} onStep={goToMatch} />
      </div>
      <p id="flame-grid-help" class="visually-hidden">
        Arrow keys walk from box to box, Enter zooms in, Escape zooms out, m shows what can be done with a
        box.
      </p>
      {shown && <Picture shown={shown} />}
    </section>
  );
}

function Picture({ shown }: { shown: ShownGraph }) {
  const focus = Math.max(0, focusNode.value);
  const name = useMemo(() => shownName(shown), [shown, view.value.file]);
  return (
    <FlamePicture
      shown={shown}
      focus={focus}
      focusId={focus === 0 ? '' : view.value.focus}
      matches={matches.value}
      styles={styles.value}
      flip={view.value.flip}
      rootName={name}
      label={`${typeName(shown.answer.type)} of ${name}, ${formatValue(shown.answer.total, shown.answer.unit)}`}
      goTo={goTo.value}
      onOpen={zoomInto}
      onBack={zoomOut}
      onMenu={(box, node, x, y) => openBoxMenu({ box, node, graph: shown.graph, x, y })}
    />
  );
}

/** What the root of a picture stands for. */
export function shownName({ answer }: ShownGraph): string {
  return view.peek().file || parseSelector(answer.query).service || 'All services';
}
