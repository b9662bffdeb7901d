import type { Transform } from '@everflame/profile';
import { formatShare } from '../format/units.ts';
import { undoTransform } from '../state/actions.ts';
import { transforms } from '../state/data.ts';

/** What was done to the picture, in order. Taking one back takes those after it along: they were done to its result. */
export function TransformChips() {
  const done = transforms.value;
  if (done.length === 0) return null;
  return (
    <ol class="transforms" aria-label="What was done to the picture">
      {done.map((one, i) => (
        <li key={i} class="chip">
          <span>{inWords(one)}</span>
          <button
            type="button"
            class="chip-remove"
            aria-label={`Undo: ${inWords(one)}`}
            title={i === done.length - 1 ? 'Undo (u)' : 'Undo this and what came after it'}
            onClick={() => undoTransform(i)}
          >
            ×
          </button>
        </li>
      ))}
    </ol>
  );
}

function inWords({ kind, what }: Transform): string {
  switch (kind) {
    case 'path':
      return 'Only one box';
    case 'focus':
      return `Only ${what}`;
    case 'hide':
      return `Without ${what}`;
    case 'merge':
    case 'module':
      return `${what} merged into its callers`;
    case 'only':
      return `Only functions of ${what}`;
    case 'collapse':
      return 'Recursion as one box';
    case 'invert':
      return 'Upside down';
    case 'trim':
      return `Without boxes under ${formatShare(Number(what))}`;
  }
}
