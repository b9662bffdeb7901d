import { effect, signal, untracked, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ApiError } from '../../api/client.ts';
import { get, send } from '../../api/client.ts';
import type { Capture, CaptureType, Instance } from '../../api/types.ts';
import { formatAgo } from '../../format/time.ts';
import { clock } from '../../state/clock.ts';
import { showsFile } from '../../state/data.ts';
import { Resource } from '../../state/resource.ts';
import { parseSelector } from '../../state/selector.ts';
import { view } from '../../state/view.ts';
import { CopyLine } from '../copy-line.tsx';
import './capture.css';

const instances = new Resource<{ instances: Instance[] }, Instance[]>('instances', (raw) => raw.instances);
/** The capture that is under way, or has ended; it goes on while the dialog is closed. */
const capture = signal<Capture | undefined>(undefined);
const fault = signal<ApiError | undefined>(undefined);

const POLL_MS = 1000;
const TYPE_NAMES: Readonly<Record<CaptureType, string>> = {
  cpu: 'CPU time, up to 1,000 times a second',
  wall: 'Wall time',
  heap: 'Heap',
};

/** Looks at one process more closely, now: where an agent that can be told to runs. */
export function CaptureButton() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(
    () =>
      effect(() => {
        clock.servicesTicks.value;
        const { service } = parseSelector(view.value.query ?? '');
        if (service && !showsFile.value) untracked(() => instances.load({ query: quoted(service) }));
      }),
    [],
  );
  const { service } = parseSelector(view.value.query ?? '');
  const able = (instances.value.value ?? []).filter(
    (one) => one.service === service && one.captures.length > 0,
  );
  if (able.length === 0 && !capture.value) return null;
  return (
    <>
      <button type="button" class="button" onClick={() => dialog.current?.showModal()}>
        Capture now
      </button>
      <dialog ref={dialog} class="sheet" aria-labelledby="capture-title">
        <h2 id="capture-title">Capture now</h2>
        {capture.value ? <Progress one={capture.value} /> : <Question service={service} able={able} />}
        {fault.value && <Fault error={fault.value} service={service} />}
        <form method="dialog">
          <button type="submit" class="button">
            Close
          </button>
        </form>
      </dialog>
    </>
  );
}

/** As a selector; here it takes `=` and `!=` only. */
function quoted(service: string): string {
  return `{service_name="${service.replace(/[\\"]/g, '\\$&')}"}`;
}

function Question({ service, able }: { service: string; able: readonly Instance[] }) {
  const chosen = useSignal('');
  const of = able.find(({ instance }) => instance === chosen.value);
  const types = [...new Set((of ? [of] : able).flatMap(({ captures }) => captures))];
  const start = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    fault.value = undefined;
    const asked = await send<Capture>('POST', 'captures', {
      query: quoted(service),
      type: form.get('type'),
      seconds: Number(form.get('seconds')),
      ...(of && { instance: of.instance }),
    });
    if (!asked.ok) fault.value = asked.error;
    else await follow(asked.value);
  };
  return (
    <form class="capture-form" onSubmit={(event) => void start(event)}>
      <label>
        Process
        <select value={chosen.value} onChange={(event) => (chosen.value = event.currentTarget.value)}>
          <option value="">The busiest of {able.length}</option>
          {able.map(({ instance, labels, lastSeen }) => (
            <option key={instance} value={instance}>
              {describe(labels) || instance}, heard of {formatAgo(lastSeen, Date.now())}
            </option>
          ))}
        </select>
      </label>
      <label>
        What
        <select name="type">
          {types.map((type) => (
            <option key={type} value={type}>
              {TYPE_NAMES[type]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Seconds
        <input name="seconds" type="number" min="1" max="60" value="30" />
      </label>
      <p class="hint">The process is told in the answer to its next push, some ten seconds from now.</p>
      <button type="submit" class="button button-strong">
        Capture
      </button>
    </form>
  );
}

function describe(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([name]) => name !== 'language')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

async function follow(first: Capture): Promise<void> {
  capture.value = first;
  for (let one = first; one.state === 'waiting' || one.state === 'sent'; ) {
    await new Promise((wait) => setTimeout(wait, POLL_MS));
    const answer = await get<Capture>(`captures/${one.id}`, {}, new AbortController().signal);
    if (!answer.ok) {
      fault.value = answer.error;
      capture.value = undefined;
      return;
    }
    one = answer.value;
    capture.value = one;
  }
}

const STATES: Readonly<Record<Capture['state'], string>> = {
  waiting: 'Waiting for the next push of the process…',
  sent: 'It is being sampled…',
  delivered: 'Here it is.',
  refused: 'The agent refused.',
  expired: 'Nothing came: the process has ended, or cannot reach the server.',
};

function Progress({ one }: { one: Capture }) {
  const close = (event: Event) => {
    capture.value = undefined;
    if (event.target instanceof Element) event.target.closest('dialog')?.close();
  };
  const ended = one.state !== 'waiting' && one.state !== 'sent';
  return (
    <div class="capture-progress">
      <p role="status">
        {!ended && <span class="live-dot" aria-hidden="true" />} {STATES[one.state]} {one.reason}
      </p>
      <p class="hint">
        {one.service} {describe(one.labels)}, {one.type}, {one.seconds} s
      </p>
      {ended && (
        <p>
          {one.profile && (
            <a class="button button-strong" href={one.profile.path} onClick={close}>
              Show the profile
            </a>
          )}{' '}
          <button type="button" class="button" onClick={() => (capture.value = undefined)}>
            Another one
          </button>
        </p>
      )}
    </div>
  );
}

function Fault({ error, service }: { error: ApiError; service: string }) {
  return (
    <div role="alert" class="capture-fault">
      <p>
        {error.message} <code class="error-code">{error.code}</code>
      </p>
      {error.status === 403 && (
        <>
          <p class="hint">The page reads only. With an admin token, from the command line:</p>
          <CopyLine text={`npx everflame capture '${service}'`} />
        </>
      )}
    </div>
  );
}
