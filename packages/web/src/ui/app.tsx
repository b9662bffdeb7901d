import { useEffect } from 'preact/hooks';
import { typeName } from '../format/profile-types.ts';
import { setTimeZone } from '../format/time.ts';
import { empty, failure } from '../state/connection.ts';
import { fleet, overview, picture, showsFile, status, type } from '../state/data.ts';
import { parseSelector } from '../state/selector.ts';
import { canSignOut, signedIn, signOut } from '../state/session.ts';
import { isPicture, view } from '../state/view.ts';
import { Failed } from './failed.tsx';
import { FirstSteps } from './first-steps.tsx';
import { globalKeys } from './global-keys.ts';
import { Notes } from './notes.tsx';
import { DropZone } from './open/drop-zone.tsx';
import { lazy } from './parts/lazy.tsx';
import { Header } from './shell/header.tsx';
import { KeysSheet } from './shell/keys-sheet.tsx';
import { Palette } from './shell/palette-button.tsx';
import { SignIn } from './sign-in.tsx';

const Home = lazy(async () => (await import('./home/home.tsx')).Home);
const OpenPage = lazy(async () => {
  const [{ OpenPage }, { startFiles }] = await Promise.all([
    import('./open/open-page.tsx'),
    import('../state/file.ts'),
  ]);
  startFiles();
  return OpenPage;
});
const FleetPage = lazy(async () => (await import('./fleet/fleet-page.tsx')).FleetPage);
const PicturePage = lazy(async () => (await import('./picture-page.tsx')).PicturePage);

/** Fetches the code of the view in the address while the server is asked for its data. */
export function preloadView(): void {
  (isPicture.peek() ? PicturePage : Home).preload();
}

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
  const title = titleOf();
  useEffect(() => {
    document.title = title;
  }, [title]);
  const { tz } = view.value;
  setTimeZone(tz);
  return (
    <>
      <Header />
      {/* All that shows a time is made anew when the zone changes. */}
      <main key={tz}>
        <Notes />
        <Content />
      </main>
      <Footer />
      <KeysSheet />
      <Palette />
      <DropZone />
    </>
  );
}

function titleOf(): string {
  const { view: name, query, file } = view.value;
  if (name === 'home') return 'Services · Everflame';
  if (name === 'fleet') return 'Fleet · Everflame';
  if (name === 'open') return 'Open a file · Everflame';
  if (file) return `${file} · Everflame`;
  const service = query === undefined ? '' : parseSelector(query).service || 'All services';
  return [service, type.value && typeName(type.value), 'Everflame'].filter(Boolean).join(' · ');
}

function Content() {
  const { view: name } = view.value;
  const hasPicture = picture.value !== undefined;
  if (empty.value && !hasPicture && name !== 'open' && !showsFile.value) return <FirstSteps />;
  const list = name === 'home' ? overview : name === 'fleet' ? fleet : undefined;
  const error = list ? list.error.value : failure.value;
  if (error && name !== 'open' && !(list ? list.value.value : hasPicture)) return <Failed error={error} />;
  if (name === 'home') return <Home />;
  if (name === 'fleet') return <FleetPage />;
  if (name === 'open') return <OpenPage />;
  if (showsFile.value && !hasPicture) return <OpenPage missing={view.value.file} />;
  if (isPicture.value) return <PicturePage />;
  return null;
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
