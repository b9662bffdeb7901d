import { empty } from '../state/connection.ts';
import { KeysButton } from './keys-sheet.tsx';
import { Mark } from './mark.tsx';
import { Matchers, ServicePicker, TypePicker } from './pickers.tsx';
import { LiveButton, RangePicker } from './range-picker.tsx';

export function Header() {
  return (
    <header class="header">
      <a class="brand" href="/" aria-label="Everflame, home">
        <Mark />
        <span class="brand-name">Everflame</span>
      </a>
      {!empty.value && (
        <>
          <div class="what">
            <ServicePicker />
            <TypePicker />
            <Matchers />
          </div>
          <div class="when">
            <RangePicker />
            <LiveButton />
          </div>
        </>
      )}
      <KeysButton />
    </header>
  );
}
