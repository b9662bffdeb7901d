import { typeNames } from '../format/profile-types.ts';
import { formatAgo } from '../format/time.ts';
import { showService, showType } from '../state/actions.ts';
import { OWN_SERVICE, typesOf } from '../state/choice.ts';
import { dropped, droppedTypes, services, showsFile, type } from '../state/data.ts';
import { formatSelector, parseSelector } from '../state/selector.ts';
import { navigate, view } from '../state/view.ts';

/** A service that has not been heard of for this long says so. */
const STALE_MS = 10 * 60_000;

export function ServicePicker() {
  const known = services.value.value ?? [];
  const { service } = parseSelector(view.value.query ?? '');
  const now = Date.now();
  const mine = known.filter((one) => one.service !== OWN_SERVICE);
  const own = known.find((one) => one.service === OWN_SERVICE);
  const missing = service !== '' && !known.some((one) => one.service === service);
  return (
    <label class="picker picker-service">
      <span class="visually-hidden">Service</span>
      <select value={service} onChange={(event) => showService(event.currentTarget.value)}>
        {missing && <option value={service}>{service}</option>}
        {mine.map((one) => (
          <option key={one.service} value={one.service}>
            {one.service}
            {now - one.lastSeen > STALE_MS ? ` (${formatAgo(one.lastSeen, now)})` : ''}
          </option>
        ))}
        {/* Without a service in the selector it is all of them, and is to be named so also while none is known. */}
        <option value="">All services</option>
        {own && (
          <optgroup label="The server itself">
            <option value={OWN_SERVICE}>{OWN_SERVICE}</option>
          </optgroup>
        )}
      </select>
    </label>
  );
}

export function TypePicker() {
  const { service } = parseSelector(view.value.query ?? '');
  const known = showsFile.value ? droppedTypes.value : typesOf(services.value.value ?? [], service);
  const shown = showsFile.value ? dropped.value?.answer.type : type.value;
  const types = shown === undefined || known.includes(shown) ? known : [shown, ...known];
  const names = typeNames(types);
  if (types.length === 0) return null;
  return (
    <label class="picker">
      <span class="visually-hidden">Profile type</span>
      <select value={shown} onChange={(event) => showType(event.currentTarget.value)}>
        {types.map((one, i) => (
          <option key={one} value={one}>
            {names[i]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What the selector says beyond the service, with a way to be rid of it. */
export function Matchers() {
  const { service, matchers } = parseSelector(view.value.query ?? '');
  if (!matchers) return null;
  return (
    <span class="chip">
      <code>{matchers}</code>
      <button
        type="button"
        class="chip-remove"
        aria-label={`Remove the filter ${matchers}`}
        onClick={() => navigate({ query: formatSelector({ service, matchers: '' }) })}
      >
        ×
      </button>
    </span>
  );
}
