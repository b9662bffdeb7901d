import { showsFile } from '../state/data.ts';
import { hrefOf, view } from '../state/view.ts';
import { lazy } from './parts/lazy.tsx';
import { VIEW_NAMES } from './view-names.ts';

const ExportMenu = lazy(async () => (await import('./export/export-menu.tsx')).ExportMenu);

/** Ways to look at the same selection: links, so that each can be opened beside the other. */
export function ViewTabs() {
  return (
    <nav class="tabs" aria-label="Ways to look at it">
      {VIEW_NAMES.filter(({ view: name }) => !(showsFile.value && name === 'profiles')).map(
        ({ view: name, name: text }) => (
          <a
            key={name}
            class="tab"
            href={hrefOf({ view: name, sort: '' })}
            aria-current={view.value.view === name ? 'page' : undefined}
            ref={(element) => {
              if (element && view.peek().view === name)
                element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
            }}
          >
            {text}
          </a>
        ),
      )}
      <ExportMenu />
    </nav>
  );
}
