import { useRef } from 'preact/hooks';
import type { Found } from '../../flame/search.ts';
import { formatCount, formatShare, formatValue } from '../../format/units.ts';
import { search as searchFor } from '../../state/actions.ts';
import { focusNode, picture } from '../../state/data.ts';
import { parsedSearch } from '../../state/matches.ts';
import { view } from '../../state/view.ts';

export const SEARCH_ID = 'search';

/** Typing is searched for after this pause: a graph of a million boxes takes some 50 ms. */
const PAUSE_MS = 120;

interface SearchBoxProps {
  readonly found: Found | undefined;
  /** To the next match (1), or the one before (-1); left out where a list shows only what matches. */
  readonly onStep?: (direction: 1 | -1) => void;
}

export function SearchBox({ found, onStep }: SearchBoxProps) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { search: text } = view.value;
  const later = (value: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => searchFor(value), PAUSE_MS);
  };
  const clear = () => {
    clearTimeout(timer.current);
    searchFor('');
  };
  const search = parsedSearch.value;
  const invalid = search.kind === 'invalid';
  return (
    <search class="search">
      <p id="search-result" class="search-result" data-invalid={invalid} role="status">
        {invalid ? search.message : found ? describe(found) : ''}
      </p>
      {onStep && found && found.boxes > 1 && (
        <span class="search-steps">
          <button
            type="button"
            aria-label="Previous match"
            title="Previous match (N)"
            onClick={() => onStep(-1)}
          >
            ‹
          </button>
          <button type="button" aria-label="Next match" title="Next match (n)" onClick={() => onStep(1)}>
            ›
          </button>
        </span>
      )}
      <div class="search-field">
        <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="7" cy="7" r="4.5" fill="none" stroke="currentColor" stroke-width="1.6" />
          <path d="m10.5 10.5 3.5 3.5" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" />
        </svg>
        <input
          id={SEARCH_ID}
          type="text"
          inputMode="search"
          aria-label="Search functions and modules"
          aria-invalid={invalid}
          aria-describedby="search-result"
          placeholder="Search, or /regex/"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => later(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              clearTimeout(timer.current);
              if (event.currentTarget.value !== text) searchFor(event.currentTarget.value);
              onStep?.(event.shiftKey ? -1 : 1);
            }
            if (event.key !== 'Escape') return;
            event.stopPropagation();
            if (text || event.currentTarget.value) {
              event.currentTarget.value = '';
              clear();
            } else event.currentTarget.blur();
          }}
        />
        {text ? (
          <button type="button" class="search-clear" aria-label="Clear the search" onClick={clear}>
            ×
          </button>
        ) : (
          <span aria-hidden="true">
            <kbd>/</kbd>
          </span>
        )}
      </div>
    </search>
  );
}

function describe({ value, boxes, unsearched }: Found): string {
  const shown = picture.value;
  if (!shown) return '';
  const whole = shown.graph.total[Math.max(0, focusNode.value)];
  if (boxes === 0 && value === 0) {
    return unsearched / whole > 0.001
      ? `no match; ${formatShare(unsearched / whole)} is too narrow to search`
      : 'no match';
  }
  const more =
    unsearched / whole > 0.01 ? `, up to ${formatShare(unsearched / whole)} more too narrow to search` : '';
  const count = boxes === 1 ? '1 box' : `${formatCount(boxes)} boxes`;
  return `matched: ${formatShare(value / whole)} (${formatValue(value, shown.answer.unit)}) in ${count}${more}`;
}
