import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export const keysShown = signal(false);

const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['Ctrl K', 'g'], 'Go to a service, a view, a type, a range'],
  [['1', '…', '6'], 'Flame graph, functions, call tree, sandwich, compare, profiles'],
  [['/'], 'Search for a function or module; /…/ is a regular expression'],
  [['n', 'N'], 'Next and previous match'],
  [['↑', '↓', '←', '→'], 'Walk the flame graph: caller, largest callee, neighbours'],
  [['Enter'], 'Zoom into the box'],
  [['Esc', 'Backspace'], 'Zoom out again'],
  [['Home'], 'Select the root'],
  [['m'], 'What can be done with the box that is selected'],
  [['u'], 'Undo what was done to the picture last'],
  [['f'], 'Turn the flame graph over'],
  [['Drag'], 'On the timeline: select a time range. Double click: leave it. Wheel: zoom'],
  [['?'], 'This sheet'],
];

export function KeysButton() {
  return (
    <button
      type="button"
      class="icon-button keys-button"
      aria-label="Keys"
      title="Keys (?)"
      onClick={() => (keysShown.value = true)}
    >
      ?
    </button>
  );
}

export function KeysSheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = keysShown.value;
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="keys-title" onClose={() => (keysShown.value = false)}>
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
