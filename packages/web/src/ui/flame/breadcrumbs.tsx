import { pathTo } from '@everflame/profile';
import { typeName } from '../../format/profile-types.ts';
import { formatCount, formatDuration, formatShare, formatValue } from '../../format/units.ts';
import { zoomInto, zoomOut } from '../../state/actions.ts';
import { focusNode, picture } from '../../state/data.ts';

/** Ancestors that are named beside the box itself; those between are rows of the picture anyway. */
const NAMED_ANCESTORS = 2;

/** Where one has zoomed to; on the whole graph, what it is a graph of. */
export function Breadcrumbs() {
  const shown = picture.value;
  if (!shown) return <div class="crumbs" />;
  const focus = focusNode.value;
  if (focus <= 0) {
    const { answer } = shown;
    const profiles = answer.profiles === 1 ? '1 profile' : `${formatCount(answer.profiles)} profiles`;
    return (
      <div class="crumbs">
        <h2 class="crumbs-title">{typeName(answer.type)}</h2>
        <span class="crumbs-about">
          {formatValue(answer.total, answer.unit)}
          {answer.kind === 'level' ? ' on average' : ''} from {profiles} over{' '}
          {formatDuration(Math.round(answer.seconds))}
        </span>
      </div>
    );
  }
  const path = pathTo(shown.graph, focus).slice(1);
  const ancestors = path.slice(0, -1);
  const named = ancestors.slice(-NAMED_ANCESTORS);
  const name = (node: number) => shown.graph.boxes[shown.graph.box[node]].function || '(no name)';
  return (
    <nav class="crumbs" aria-label="Zoomed into">
      <button type="button" class="button crumbs-back" onClick={zoomOut} title="Zoom out (Esc)">
        <span aria-hidden="true">←</span> Back
      </button>
      <ol>
        <li>
          <button type="button" class="crumb" onClick={() => zoomInto(0)}>
            All
          </button>
        </li>
        {ancestors.length > named.length && (
          <li class="crumb-gap" title={`${ancestors.length - named.length} more`}>
            …
          </li>
        )}
        {named.map((node) => (
          <li key={node}>
            <button type="button" class="crumb" onClick={() => zoomInto(node)}>
              {name(node)}
            </button>
          </li>
        ))}
        <li aria-current="location" class="crumb-here">
          {name(focus)}
        </li>
      </ol>
      <span class="crumbs-about">
        {formatValue(shown.graph.total[focus], shown.answer.unit)},{' '}
        {formatShare(shown.graph.total[focus] / shown.graph.total[0])}
      </span>
    </nav>
  );
}
