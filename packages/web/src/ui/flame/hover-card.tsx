import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Spot } from '../../flame/flame-view.ts';
import { isHidden, nodeOf } from '../../flame/layout.ts';
import { formatCount, formatRate, formatShare, formatValue } from '../../format/units.ts';
import type { ShownGraph } from '../../state/data.ts';
import type { FlamePictureProps } from './flame-picture.tsx';

interface CardProps {
  spot: Spot;
  shown: ShownGraph;
  focus: number;
  facts?: FlamePictureProps['facts'];
  onOpen: (node: number) => void;
}

/** Between the pointer and the card, in CSS pixels. */
const DISTANCE = 14;
const MARGIN = 8;

/** What one box is and costs. Follows the pointer; under a finger it lies at the foot of the window, with a button. */
export function HoverCard({ spot, shown, focus, facts, onOpen }: CardProps) {
  const card = useRef<HTMLDivElement>(null);
  const touch = spot.by === 'touch';
  useLayoutEffect(() => {
    const element = card.current;
    if (!element) return;
    if (touch) {
      element.style.transform = '';
      return;
    }
    const { offsetWidth, offsetHeight } = element;
    const { clientWidth } = document.documentElement;
    const right = spot.x + DISTANCE + offsetWidth > clientWidth - MARGIN;
    const x =
      right && spot.by === 'mouse'
        ? spot.x - DISTANCE - offsetWidth
        : spot.x + (spot.by === 'mouse' ? DISTANCE : 0);
    const below = spot.y + DISTANCE + offsetHeight <= innerHeight - MARGIN;
    const y = below ? spot.y + DISTANCE : spot.y - DISTANCE - offsetHeight - (spot.by === 'keys' ? 16 : 0);
    const left = Math.max(MARGIN, Math.min(x, clientWidth - offsetWidth - MARGIN));
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(MARGIN, y))}px)`;
  });
  const entry = shown.layout.entry[spot.at];
  // The card of a picture that has just been replaced.
  if (entry === undefined) return null;
  const node = nodeOf(entry);
  return (
    <div ref={card} class="card" data-touch={touch} role={touch ? 'group' : 'tooltip'}>
      {isHidden(entry) ? (
        <HiddenPart shown={shown} node={node} />
      ) : (
        <BoxPart shown={shown} node={node} focus={focus} facts={facts} />
      )}
      {touch && (
        <button type="button" class="button button-strong" onClick={() => onOpen(node)}>
          Zoom in
        </button>
      )}
    </div>
  );
}

interface BoxPartProps {
  shown: ShownGraph;
  node: number;
  focus: number;
  facts: FlamePictureProps['facts'];
}

function BoxPart({ shown, node, focus, facts }: BoxPartProps) {
  const { graph, answer } = shown;
  const box = graph.boxes[graph.box[node]];
  const zoomed = focus > 0;
  // Per second of wall time: what one would save by being rid of it.
  const perSecond =
    answer.kind === 'flow' && answer.seconds > 0
      ? formatRate(graph.total[node] / answer.seconds, answer.type, answer.kind)
      : undefined;
  const row = (name: string, value: number) => (
    <tr>
      <th scope="row">{name}</th>
      <td>{formatValue(value, answer.unit)}</td>
      <td>{formatShare(value / graph.total[0])}</td>
      {zoomed && <td>{formatShare(value / graph.total[focus])}</td>}
    </tr>
  );
  return (
    <>
      <p class="card-name">{node === 0 ? 'Everything' : box.function || '(no name)'}</p>
      {box.module && <p class="card-place">{box.module}</p>}
      {box.file && <p class="card-place card-file">{box.file}</p>}
      {facts && (
        <table class="card-values">
          <tbody>
            {facts(node).map(({ name, value }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <table class="card-values" hidden={facts !== undefined}>
        <thead class={zoomed ? '' : 'visually-hidden'}>
          <tr>
            <td />
            <th scope="col">
              <span class="visually-hidden">Value</span>
            </th>
            <th scope="col">of all</th>
            {zoomed && <th scope="col">of zoomed</th>}
          </tr>
        </thead>
        <tbody>
          {row('Total', graph.total[node])}
          {row('Self', graph.self[node])}
          {perSecond !== undefined && (
            <tr>
              <th scope="row">On average</th>
              <td colSpan={zoomed ? 3 : 2}>{perSecond}</td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  );
}

function HiddenPart({ shown: { graph, answer }, node }: { shown: ShownGraph; node: number }) {
  const count = graph.hidden[node];
  const under = graph.boxes[graph.box[node]].function || 'the root';
  return (
    <>
      <p class="card-name">{count === 1 ? '1 more box' : `${formatCount(count)} more boxes`}</p>
      <p class="card-place">
        {formatValue(graph.hiddenValue[node], answer.unit)},{' '}
        {formatShare(graph.hiddenValue[node] / graph.total[0])} of all
      </p>
      <p class="card-hint">Too narrow to draw here. Click to look into {under}.</p>
    </>
  );
}
