import type { ComponentChildren } from 'preact';
import type { Note } from '../api/types.ts';
import { typeName } from '../format/profile-types.ts';
import { showType } from '../state/actions.ts';
import { failure, retryIn, retryNow, unreachable } from '../state/connection.ts';
import { focusNode, graph, reload } from '../state/data.ts';
import { navigate, view } from '../state/view.ts';

/** What a reader must know before believing the picture, one calm line each, with the way on. */
export function Notes() {
  const shown = graph.value.value;
  const lost = shown !== undefined && focusNode.value < 0 && !graph.pending.value;
  const error = failure.value;
  return (
    <div class="notes" aria-live="polite">
      {unreachable.value && <Unreachable />}
      {error && shown && (
        <Banner kind="error" action={<Action onClick={reload}>Try again</Action>}>
          {error.message} <code class="error-code">{error.code}</code>
        </Banner>
      )}
      {shown?.answer.notes.map((note) => (
        <NoteBanner key={note.code} note={note} />
      ))}
      {lost && !error && (
        <Banner
          kind="note"
          action={<Action onClick={() => navigate({ focus: '' })}>Keep to the whole</Action>}
        >
          The box that this view zooms into does not occur in this range, so the whole is shown.
        </Banner>
      )}
    </div>
  );
}

function NoteBanner({ note }: { note: Note }) {
  switch (note.code) {
    case 'mostly_waiting':
      if (view.value.type === note.type) return null;
      return (
        <Banner
          kind="note"
          action={<Action onClick={() => showType(note.type)}>Show {lowerFirst(typeName(note.type))}</Action>}
        >
          {note.message}
        </Banner>
      );
    case 'nylas_sampler':
      return <Banner kind="note">{note.message}</Banner>;
    default:
      return null;
  }
}

function Unreachable() {
  const seconds = retryIn.value;
  return (
    <Banner kind="error" action={<Action onClick={retryNow}>Try now</Action>}>
      The server does not answer
      {/* The countdown is not read out each second. */}
      <span aria-hidden="true">
        {seconds === undefined ? ', trying again…' : `, trying again in ${seconds} s.`}
      </span>
    </Banner>
  );
}

function Banner({
  kind,
  children,
  action,
}: {
  kind: 'note' | 'error';
  children: ComponentChildren;
  action?: ComponentChildren;
}) {
  return (
    <div class="banner" data-kind={kind}>
      <span class="banner-sign" aria-hidden="true" />
      <p>{children}</p>
      {action}
    </div>
  );
}

function Action({ onClick, children }: { onClick: () => void; children: ComponentChildren }) {
  return (
    <button type="button" class="button" onClick={onClick}>
      {children}
    </button>
  );
}

/** `Wall time` → `wall time`, but `CPU time` stays. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}
