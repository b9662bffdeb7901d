import { COLOURS, type Colour } from '../../state/url.ts';
import { navigate, view } from '../../state/view.ts';

const COLOUR_NAMES: Readonly<Record<Colour, string>> = {
  module: 'module',
  function: 'function',
  self: 'own time',
};

/** How the flame graph is drawn. */
export function FlameTools() {
  const { colour, flip } = view.value;
  return (
    <div class="flame-tools">
      <label class="picker picker-quiet">
        <span>Colour by</span>
        <select
          value={colour}
          onChange={(event) => {
            const wanted = COLOURS.find((one) => one === event.currentTarget.value);
            if (wanted) navigate({ colour: wanted }, 'replace');
          }}
        >
          {COLOURS.map((one) => (
            <option key={one} value={one}>
              {COLOUR_NAMES[one]}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="button button-quiet"
        aria-pressed={flip}
        title="Root at the top, or at the foot (f)"
        onClick={() => navigate({ flip: !flip }, 'replace')}
      >
        {flip ? 'Root at the foot' : 'Root on top'}
      </button>
    </div>
  );
}
