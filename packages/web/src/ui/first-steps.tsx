import { status } from '../state/data.ts';
import { canSignOut } from '../state/session.ts';
import { CopyLine } from './copy-line.tsx';
import { Mark } from './mark.tsx';

/** A server that has no profile yet: how the first one gets there. Gives way to the real page by itself. */
export function FirstSteps() {
  const server = status.value.value?.server ?? location.origin;
  const header = canSignOut.value ? '-H "Authorization: Bearer $TOKEN" ' : '';
  return (
    <section class="panel first-steps" aria-labelledby="first-steps-title">
      <Mark size={40} />
      <h1 id="first-steps-title">Ready for the first profile</h1>
      <p>
        Everflame listens at <code>{server}</code>. Profile a program in one of these ways; its flame graph
        appears here a few seconds later.
        {canSignOut.value && (
          <>
            {' '}
            Agents need a token for pushing: set <code>EVERFLAME_TOKEN_FILE</code>, or{' '}
            <code>EVERFLAME_TOKEN</code>.
          </>
        )}
      </p>
      <h2>A Python program, without changing it</h2>
      <CopyLine
        text={`EVERFLAME_SERVER=${server} EVERFLAME_SERVICE_NAME=my-service \\\n  everflame-run python app.py`}
      />
      <p class="hint">
        The agent comes with the clone: <code>pip install ./agents/python</code>
      </p>
      <h2>The demo</h2>
      <CopyLine text="npm run demo" />
      <h2>Anything that can send text</h2>
      <CopyLine
        text={`echo 'main;work;parse 42' |\n  curl ${header}--data-binary @- '${server}/ingest?name=my-service'`}
      />
      <p class="waiting" role="status">
        <span class="live-dot" aria-hidden="true" /> Waiting for the first profile
      </p>
    </section>
  );
}
