import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/header.css';
import './styles/panels.css';
import { startConnection } from './state/connection.ts';
import { startLoading } from './state/data.ts';
import { startFirstProfile } from './state/first-profile.ts';
import { startSession } from './state/session.ts';
import { startTheme } from './state/theme.ts';
import { startVersions } from './state/versions.ts';
import { startRouter } from './state/view.ts';
import { App, preloadView } from './ui/app.tsx';

startTheme();
startRouter();
preloadView();
void startSession(() => {
  startLoading();
  startVersions();
  startConnection();
  startFirstProfile();
});
render(<App />, document.getElementById('app') as HTMLElement);
