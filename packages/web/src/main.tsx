import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/header.css';
import './styles/timeline.css';
import './styles/flame.css';
import './styles/panels.css';
import { startConnection } from './state/connection.ts';
import { startLoading } from './state/data.ts';
import { startSession } from './state/session.ts';
import { App } from './ui/app.tsx';

void startSession(() => {
  startLoading();
  startConnection();
});
render(<App />, document.getElementById('app') as HTMLElement);
