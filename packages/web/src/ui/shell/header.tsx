import { empty } from '../../state/connection.ts';
import { DEFAULT_VIEW, HOME_VIEW, type ViewState } from '../../state/url.ts';
import { hrefOf, isPicture, view } from '../../state/view.ts';
import { Mark } from '../mark.tsx';
import { LiveButton, RangePicker } from '../range-picker.tsx';
import { KeysButton } from './keys-sheet.tsx';
import { PaletteButton } from './palette-button.tsx';
import { SettingsButton } from './settings.tsx';

/** What a list of many things keeps of a picture's address: the range and the looks. */
export function listAddress(name: 'home' | 'fleet' | 'open'): string {
  const { from, until, theme, tz, file } = view.value;
  const range: Partial<ViewState> = file ? { from: HOME_VIEW.from, until: 'now' } : { from, until };
  const change: ViewState = { ...DEFAULT_VIEW, ...range, theme, tz, view: name };
  return hrefOf(change);
}

export function Header() {
  return (
    <header class="header">
      <a class="brand" href={listAddress('home')} aria-label="Everflame, all services">
        <Mark />
        <span class="brand-name">Everflame</span>
      </a>
      <nav class="nav" aria-label="Views">
        <NavLink to="home" current={view.value.view === 'home'}>
          Services
        </NavLink>
        <NavLink to="fleet" current={view.value.view === 'fleet'}>
          Fleet
        </NavLink>
        <NavLink to="open" current={view.value.view === 'open' || view.value.file !== ''}>
          Open a file
        </NavLink>
      </nav>
      {!empty.value && view.value.view !== 'open' && view.value.file === '' && (
        <div class="when">
          <RangePicker />
          <LiveButton />
        </div>
      )}
      <div class="header-tools">
        <PaletteButton />
        <SettingsButton />
        <KeysButton />
      </div>
    </header>
  );
}

function NavLink({
  to,
  current,
  children,
}: {
  to: 'home' | 'fleet' | 'open';
  current: boolean;
  children: string;
}) {
  return (
    <a
      class="nav-link"
      href={listAddress(to)}
      aria-current={current ? (isPicture.value ? 'true' : 'page') : undefined}
    >
      {children}
    </a>
  );
}
