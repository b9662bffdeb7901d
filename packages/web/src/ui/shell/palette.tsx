import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { commands } from './commands.ts';
import { findCommands } from './find-commands.ts';
import { paletteShown } from './palette-button.tsx';

const MOST = 60;

/** A field and a list: type a part of what you want, choose with the arrows. */
export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const text = useSignal('');
  const at = useSignal(0);
  const all = useMemo(commands, []);
  const found = findCommands(all, text.value).slice(0, MOST);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at.value, text.value]);

  const close = () => {
    paletteShown.value = false;
  };
  const run = (index: number) => {
    close();
    found[index]?.run();
  };
  const keys = (event: KeyboardEvent) => {
    const last = Math.max(0, found.length - 1);
    if (event.key === 'ArrowDown') at.value = at.value >= last ? 0 : at.value + 1;
    else if (event.key === 'ArrowUp') at.value = at.value <= 0 ? last : at.value - 1;
    else if (event.key === 'Enter') run(at.value);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} class="palette" aria-label="Go to" onClose={close}>
      <input
        type="text"
        class="palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `command-${at.value}` : undefined}
        aria-label="Go to a service, a view, a type, a range"
        placeholder="Go to a service, a view, a range…"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={keys}
      />
      <div ref={list} id="palette-list" class="palette-list" role="listbox" aria-label="Commands">
        {found.map(({ kind, name }, i) => (
          <div
            key={`${kind} ${name}`}
            id={`command-${i}`}
            class="palette-item"
            role="option"
            tabIndex={-1}
            aria-selected={i === at.value}
            onClick={() => run(i)}
            onKeyDown={keys}
          >
            <span class="palette-kind">{kind}</span> {name}
          </div>
        ))}
      </div>
      {found.length === 0 && <p class="palette-none">Nothing of that name</p>}
    </dialog>
  );
}
