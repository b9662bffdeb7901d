import { hrefOf, view } from '../state/view.ts';
import { VIEW_NAMES } from './view-names.ts';

/** Ways to look at the same selection: links, so that each can be opened beside the other. */
export function ViewTabs() {
  return (
    <nav class="tabs" aria-label="Ways to look at it">
      {VIEW_NAMES.map(({ view: name, name: text }) => (
        <a
          key={name}
          class="tab"
          href={hrefOf({ view: name, sort: '' })}
          aria-current={view.value.view === name ? 'page' : undefined}
        >
          {text}
        </a>
      ))}
    </nav>
  );
}
