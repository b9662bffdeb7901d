import { useRef } from 'preact/hooks';
import { compareVersions } from '../../state/actions.ts';
import { baseQuestion, rangeBefore } from '../../state/comparison.ts';
import { services, showsFile } from '../../state/data.ts';
import { formatSelector, parseSelector, withLabel, withoutLabel } from '../../state/selector.ts';
import { deployed, VERSION_LABEL, versions } from '../../state/versions.ts';
import { navigate, view } from '../../state/view.ts';

const DAY = 86_400;

/** What it is compared with: an earlier time, another version, or any selector and range. */
export function OtherSide() {
  return showsFile.value ? <Stored /> : <Earlier />;
}

/** For a file: what is stored of a service. */
function Stored() {
  const { base } = view.value;
  const known = services.value.value ?? [];
  const service = parseSelector(base ?? '').service;
  return (
    <div class="diff-other">
      <label class="picker picker-quiet">
        <span>Compared with</span>
        <select
          value={base === undefined ? '' : service}
          onChange={(event) =>
            navigate({ base: formatSelector({ service: event.currentTarget.value, matchers: '' }) })
          }
        >
          <option value="" disabled>
            choose a service
          </option>
          {known.map((one) => (
            <option key={one.service} value={one.service}>
              {one.service}
            </option>
          ))}
        </select>
      </label>
      <Anything />
    </div>
  );
}

function Earlier() {
  const { query = '', base, baseFrom, baseUntil } = view.value;
  const isTime = base === undefined;
  const times: readonly (readonly [key: string, name: string, seconds: number | undefined])[] = [
    ['before', 'the time before', undefined],
    ['day', 'a day before', DAY],
    ['week', 'a week before', 7 * DAY],
  ];
  const said = JSON.stringify([baseFrom, baseUntil]);
  const time =
    baseFrom === undefined && baseUntil === undefined
      ? 'before'
      : times.find(([, , seconds]) => {
          const { from, until } = rangeBefore(seconds);
          return JSON.stringify([from, until]) === said;
        })?.[0];
  const plain = withoutLabel(query, VERSION_LABEL);
  const version = versions.value.find((one) => base === withLabel(plain, VERSION_LABEL, one));
  const value = isTime ? (time ?? 'own') : version !== undefined ? `version ${version}` : 'own';
  const choose = (chosen: string) => {
    const known = times.find(([key]) => key === chosen);
    if (known) {
      const range = known[0] === 'before' ? undefined : rangeBefore(known[2]);
      navigate({ base: undefined, baseFrom: range?.from, baseUntil: range?.until });
    } else if (chosen.startsWith('version ')) {
      const other = withLabel(plain, VERSION_LABEL, chosen.slice('version '.length));
      navigate({ base: other, baseFrom: undefined, baseUntil: undefined });
    }
  };
  const latest = deployed.value.at(-1);
  return (
    <div class="diff-other">
      <label class="picker picker-quiet">
        <span>Compared with</span>
        <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
          <optgroup label="Time">
            {times.map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </optgroup>
          {versions.value.length > 0 && (
            <optgroup label="Version">
              {versions.value.map((one) => (
                <option key={one} value={`version ${one}`}>
                  version {one}
                </option>
              ))}
            </optgroup>
          )}
          {value === 'own' && <option value="own">{base ?? 'another time'}</option>}
        </select>
      </label>
      <Anything />
      {latest && !(query === withLabel(plain, VERSION_LABEL, latest.version) && base !== undefined) && (
        <button type="button" class="button" onClick={() => compareVersions(latest)}>
          {latest.version} with the version before
        </button>
      )}
    </div>
  );
}

/** Any selector and any range, as they are written. */
function Anything() {
  const popover = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const { query = '' } = view.value;
  const asked = baseQuestion.value;
  const place = () => {
    const at = button.current?.getBoundingClientRect();
    if (!popover.current || !at) return;
    popover.current.style.top = `${at.bottom + 6}px`;
    popover.current.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - 300))}px`;
  };
  const apply = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(form.get(name) ?? '').trim() || undefined;
    const other = text('query') ?? '';
    navigate({ base: other === query ? undefined : other, baseFrom: text('from'), baseUntil: text('until') });
    popover.current?.hidePopover();
  };
  return (
    <>
      <button ref={button} type="button" class="button button-quiet" popovertarget="other-side">
        Anything else…
      </button>
      <div ref={popover} id="other-side" class="popover" popover="auto" onBeforeToggle={place}>
        <form class="range-form" onSubmit={apply}>
          {(['query', 'from', 'until'] as const).map((name) => (
            <label key={`${name} ${asked?.[name]}`}>
              {{ query: 'Selector', from: 'From', until: 'Until' }[name]}
              <input
                name={name}
                type="text"
                defaultValue={asked?.[name]}
                autocomplete="off"
                spellcheck={false}
              />
            </label>
          ))}
          <p class="hint">
            For example <code>{formatSelector({ ...parseSelector(query), matchers: 'host="a"' })}</code>. With
            Shift, dragging on the timeline chooses the other side’s time.
          </p>
          <button type="submit" class="button button-strong">
            Compare
          </button>
        </form>
      </div>
    </>
  );
}
