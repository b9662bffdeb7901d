import { useRef } from 'preact/hooks';
import { formatSpan } from '../format/time.ts';
import { goLive, pause, showRange } from '../state/actions.ts';
import { graph } from '../state/data.ts';
import { isLive, PRESETS, presetOf } from '../state/range.ts';
import { view } from '../state/view.ts';

export function RangePicker() {
  const range = view.value;
  const current = presetOf(range);
  return (
    <fieldset class="ranges">
      <legend class="visually-hidden">Time range</legend>
      {PRESETS.map((preset) => (
        <button
          key={preset.label}
          type="button"
          title={preset.name}
          aria-pressed={preset === current}
          onClick={() => showRange({ from: preset.from, until: 'now' })}
        >
          {preset.label}
        </button>
      ))}
      <CustomRange active={!current} />
    </fieldset>
  );
}

/** Dates as people write them: the server reads them, and says what it cannot read. */
function CustomRange({ active }: { active: boolean }) {
  const popover = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const { from, until } = view.value;
  const answer = graph.value.value?.answer;

  const place = () => {
    const at = button.current?.getBoundingClientRect();
    if (!popover.current || !at) return;
    const right = Math.max(8, document.documentElement.clientWidth - at.right);
    popover.current.style.top = `${at.bottom + 6}px`;
    popover.current.style.right = `${right}px`;
  };
  const apply = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string, otherwise: string) => String(form.get(name) ?? '').trim() || otherwise;
    showRange({ from: text('from', '-15minutes'), until: text('until', 'now') });
    popover.current?.hidePopover();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class="range-custom"
        popovertarget="custom-range"
        aria-pressed={active}
        title="Custom time range"
      >
        {active && (
          <span class="range-span">{answer ? formatSpan(answer.from, answer.until, Date.now()) : from}</span>
        )}
        <span class="range-word">Custom</span>
      </button>
      <div ref={popover} id="custom-range" class="popover" popover="auto" onBeforeToggle={place}>
        <form class="range-form" onSubmit={apply}>
          <label>
            From
            <input
              key={from}
              name="from"
              type="text"
              defaultValue={readable(from)}
              autocomplete="off"
              spellcheck={false}
            />
          </label>
          <label>
            Until
            <input
              key={until}
              name="until"
              type="text"
              defaultValue={readable(until)}
              autocomplete="off"
              spellcheck={false}
            />
          </label>
          <p class="hint">
            For example <code>-2h</code>, <code>2 hours ago</code>, <code>2016-05-01 12:00</code>,{' '}
            <code>now</code>
          </p>
          <button type="submit" class="button button-strong">
            Show
          </button>
        </form>
      </div>
    </>
  );
}

/** A unix time as a date that can be read and edited, with its zone: the server's may be another. */
function readable(date: string): string {
  return /^\d{12,}$/.test(date) ? new Date(Number(date)).toISOString() : date;
}

export function LiveButton() {
  const live = isLive(view.value);
  return (
    <button
      type="button"
      class="live"
      aria-pressed={live}
      title={live ? 'Refreshed every 10 seconds. Click to hold this moment.' : 'Follow the present again'}
      onClick={() => (live ? pause() : goLive())}
    >
      <span class="live-dot" aria-hidden="true" />
      Live
    </button>
  );
}
