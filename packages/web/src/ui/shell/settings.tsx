import { useRef } from 'preact/hooks';
import { THEMES, type Theme } from '../../state/url.ts';
import { navigate, view } from '../../state/view.ts';

const THEME_NAMES: Readonly<Record<Theme, string>> = {
  '': 'As the system',
  light: 'Light',
  dark: 'Dark',
  contrast: 'High contrast',
};

/** Looks and time zone. They stand in the address like everything else: the page remembers nothing. */
export function SettingsButton() {
  const popover = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const place = () => {
    const at = button.current?.getBoundingClientRect();
    if (!popover.current || !at) return;
    popover.current.style.top = `${at.bottom + 6}px`;
    popover.current.style.right = `${Math.max(8, document.documentElement.clientWidth - at.right)}px`;
  };
  const { theme, tz } = view.value;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC');
  return (
    <>
      <button
        ref={button}
        type="button"
        class="icon-button"
        popovertarget="settings"
        aria-label="Looks and time zone"
        title="Looks and time zone"
      >
        <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="M8 2a6 6 0 0 1 0 12Z" fill="currentColor" />
        </svg>
      </button>
      <div ref={popover} id="settings" class="popover" popover="auto" onBeforeToggle={place}>
        <fieldset class="settings-looks">
          <legend>Looks</legend>
          {THEMES.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="theme"
                checked={theme === one}
                onChange={() => navigate({ theme: one }, 'replace')}
              />
              {THEME_NAMES[one]}
            </label>
          ))}
        </fieldset>
        <label class="settings-zone">
          Time zone
          <select value={tz} onChange={(event) => navigate({ tz: event.currentTarget.value }, 'replace')}>
            <option value="">The browser’s ({own})</option>
            <option value="UTC">UTC</option>
            {zones.map((zone) => (
              <option key={zone} value={zone}>
                {zone}
              </option>
            ))}
          </select>
        </label>
        <p class="hint">These stand in the address, so that a link shows what you see.</p>
      </div>
    </>
  );
}
