import { type Box, boxName, functionTable, sandwich } from '@everflame/profile';
import { computed } from '@preact/signals';
import { layOut } from '../../flame/layout.ts';
import { stylesByModule } from '../../flame/node-styles.ts';
import { findMatches } from '../../flame/search.ts';
import { formatCount, formatShare, formatValue } from '../../format/units.ts';
import { showAs } from '../../state/actions.ts';
import { picture, type ShownGraph } from '../../state/data.ts';
import { found, parsedSearch } from '../../state/matches.ts';
import { navigate, view } from '../../state/view.ts';
import { functionRows } from '../../tree/function-rows.ts';
import { FlamePicture } from '../flame/flame-picture.tsx';
import { SearchBox } from '../flame/search-box.tsx';
import { openBoxMenu } from '../menu/box-menu-state.ts';
import { FunctionHistory } from './function-history.tsx';
import '../../styles/flame.css';
import './sandwich.css';

/** The function in the address; where there is none, the one that used most itself. */
const name = computed(() => {
  const shown = picture.value;
  if (view.value.fn || !shown) return view.value.fn;
  const table = functionTable(shown.graph);
  const [first] = functionRows(table, 'self', () => true);
  return first === undefined ? '' : boxName(table.boxes[first]);
});

const sides = computed(() => {
  const shown = picture.value;
  if (!shown || !name.value) return undefined;
  const { callers, callees, total, self } = sandwich(shown.graph, name.value);
  const side = (graph: typeof callers): ShownGraph => ({
    answer: { ...shown.answer, total },
    graph,
    layout: layOut(graph),
  });
  return { callers: side(callers), callees: side(callees), total, self };
});

/** One function across all of its places: who calls it above, what it calls beneath. */
export function SandwichPanel() {
  const shown = picture.value;
  const both = sides.value;
  if (!shown || !both) return null;
  const { unit } = shown.answer;
  const whole = shown.graph.total[0];
  const box = shown.graph.boxes.find((one) => boxName(one) === name.value);
  const places = box ? countPlaces(shown, name.value) : 0;
  return (
    <section class="panel-section sandwich" aria-label="Callers and callees">
      <div class="panel-bar">
        <div class="sandwich-what">
          <h2>{box?.function ?? name.value}</h2>
          {box && (
            <p>
              {[box.module, box.file].filter(Boolean).join(', ')}{' '}
              <strong>{formatValue(both.total, unit)}</strong>, {formatShare(both.total / whole)} of all; self{' '}
              {formatValue(both.self, unit)}, {formatShare(both.self / whole)}; in{' '}
              {places === 1 ? 'one place' : `${formatCount(places)} places`}
            </p>
          )}
        </div>
        <FunctionPicker />
      </div>
      {!box || both.total <= 0 ? (
        <div class="panel-none">
          <p>{name.value} does not occur in this selection.</p>
          <p>
            <button type="button" class="button" onClick={() => navigate({ fn: '' })}>
              Show the function that used most
            </button>
          </p>
        </div>
      ) : (
        <>
          <FunctionHistory key={name.value} name={name.value} />
          <h3 class="sandwich-side">Callers</h3>
          <Side side={both.callers} flip rootName="All callers" label={`Callers of ${name.value}`} />
          <h3 class="sandwich-side">Callees</h3>
          <Side side={both.callees} rootName="With all that it calls" label={`Callees of ${name.value}`} />
        </>
      )}
    </section>
  );
}

interface SideProps {
  readonly side: ShownGraph;
  readonly flip?: boolean;
  readonly rootName: string;
  readonly label: string;
}

function Side({ side, flip = false, rootName, label }: SideProps) {
  const search = parsedSearch.value;
  const { graph } = side;
  const look = (box: Box) =>
    boxName(box) !== name.peek() && showAs('sandwich', { fn: boxName(box), focus: '' });
  return (
    <FlamePicture
      shown={side}
      focus={0}
      focusId=""
      matches={search.kind === 'test' ? findMatches(side.layout, search.test) : undefined}
      styles={stylesByModule(graph)}
      flip={flip}
      rootName={rootName}
      label={label}
      onOpen={(node) => node > 0 && look(graph.boxes[graph.box[node]])}
      onBack={() => history.back()}
      onMenu={(box, _node, x, y) => openBoxMenu({ box, x, y })}
    />
  );
}

function FunctionPicker() {
  return <SearchBox found={found.value} />;
}

function countPlaces({ graph }: ShownGraph, wanted: string): number {
  const isIt = graph.boxes.map((box) => boxName(box) === wanted);
  let places = 0;
  for (const box of graph.box) if (isIt[box]) places++;
  return places;
}
