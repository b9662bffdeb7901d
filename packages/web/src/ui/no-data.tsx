import { typeName } from '../format/profile-types.ts';
import { formatAgo } from '../format/time.ts';
import { showRange, showService, showType } from '../state/actions.ts';
import { OWN_SERVICE, typesOf } from '../state/choice.ts';
import { type Answer, services } from '../state/data.ts';
import { pinned } from '../state/range.ts';
import { parseSelector } from '../state/selector.ts';
import { Mark } from './mark.tsx';

const AROUND_LAST_MS = 15 * 60_000;
const SERVICES_OFFERED = 6;

/** Why there is nothing to see, and where there is something. */
export function NoData({ answer }: { answer: Answer }) {
  const note = answer.notes.find((one) => one.code === 'no_data');
  const lastSeen = note?.lastSeen ?? null;
  const known = services.value.value ?? [];
  const { service } = parseSelector(answer.query);
  const isKnown = service === '' || known.some((one) => one.service === service);
  const otherTypes = typesOf(known, service).filter((type) => type !== answer.type);
  const otherServices = known
    .filter((one) => one.service !== service && one.service !== OWN_SERVICE)
    .slice(0, SERVICES_OFFERED);
  return (
    <section class="panel" aria-label="Nothing to show">
      <Mark size={34} />
      <h1>{isKnown ? 'Nothing in this range' : `Nothing is known of ${service}`}</h1>
      <p>{note?.message ?? `There is no ${typeName(answer.type)} between these times.`}</p>
      <div class="panel-actions">
        {lastSeen !== null && (
          <button
            type="button"
            class="button button-strong"
            onClick={() => showRange(pinned(lastSeen - AROUND_LAST_MS, lastSeen + 60_000))}
          >
            Go to the last profile, {formatAgo(lastSeen, Date.now())}
          </button>
        )}
        {lastSeen === null &&
          otherTypes.map((type) => (
            <button key={type} type="button" class="button" onClick={() => showType(type)}>
              {typeName(type)}
            </button>
          ))}
        {!isKnown &&
          otherServices.map((one) => (
            <button key={one.service} type="button" class="button" onClick={() => showService(one.service)}>
              {one.service}
            </button>
          ))}
      </div>
    </section>
  );
}
