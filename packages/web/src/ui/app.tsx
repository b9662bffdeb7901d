import { useEffect } from 'preact/hooks';
import { typeName } from '../format/profile-types.ts';
import { leaveRange, zoomOut } from '../state/actions.ts';
import { empty, failure, unreachable } from '../state/connection.ts';
import { graph, services, status, type } from '../state/data.ts';
import { parseSelector } from '../state/selector.ts';
import { canSignOut, signedIn, signOut } from '../state/session.ts';
import { trail, view } from '../state/view.ts';
import { Failed } from './failed.tsx';
import { FirstSteps } from './first-steps.tsx';
import { FlamePanel } from './flame-panel.tsx';
import { Header } from './header.tsx';
import { KeysSheet, keysShown } from './keys-sheet.tsx';
import { NoData } from './no-data.tsx';
import { Notes } from './notes.tsx';
import { SEARCH_ID } from './search-box.tsx';
import { SignIn } from './sign-in.tsx';
import { TimelinePanel } from './timeline-panel.tsx';

export function App() {
  // Before the server has said which, there is quiet.
  if (signedIn.value === 'unknown') return null;
  return signedIn.value === 'yes' ? (
    <Page />
  ) : (
    <main>
      <SignIn />
    </main>
  );
}

function Page() {
  useEffect(() => {
    document.addEventListener('keydown', globalKeys);
    return () => document.removeEventListener('keydown', globalKeys);
  }, []);
  const { query } = view.value;
  const shownType = type.value;
  useEffect(() => {
    const service = query === undefined ? '' : parseSelector(query).service || 'All services';
    document.title = [service, shownType && typeName(shownType), 'Everflame'].filter(Boolean).join(' · ');
  }, [query, shownType]);
  return (
    <>
      <Header />
      <main>
        <Notes />
        <Content />
      </main>
      <Footer />
      <KeysSheet />
    </>
  );
}

function Content() {
  if (empty.value && !graph.value.value) return <FirstSteps />;
  const shown = graph.value.value;
  if (!shown && failure.value) return <Failed error={failure.value} />;
  // Before the first answer there is quiet, not a skeleton that flashes by: a local server answers within 100 ms.
  if (!shown && !services.value.value && !unreachable.value) return null;
  return (
    <>
      <TimelinePanel />
      {shown && shown.answer.total <= 0 ? <NoData answer={shown.answer} /> : <FlamePanel />}
    </>
  );
}

function Footer() {
  const known = status.value.value;
  return (
    <footer class="footer">
      {known ? `Everflame ${known.version}` : ''}
      {canSignOut.value && (
        <button type="button" class="button button-quiet" onClick={signOut}>
          Sign out
        </button>
      )}
    </footer>
  );
}

function globalKeys(event: KeyboardEvent): void {
  const inField =
    event.target instanceof HTMLElement && event.target.closest('input, select, textarea, dialog, [popover]');
  if (inField || event.ctrlKey || event.metaKey || event.altKey) return;
  switch (event.key) {
    case '/':
      document.getElementById(SEARCH_ID)?.focus();
      break;
    case '?':
      keysShown.value = true;
      break;
    case 'Escape':
      if (view.peek().focus) zoomOut();
      else if (trail.peek().outer.length > 0) leaveRange();
      else return;
      break;
    default:
      return;
  }
  event.preventDefault();
}
