import { effect, signal, untracked } from '@preact/signals';
import { type ApiError, get, send } from '../api/client.ts';
import { graph, labels, overview, reload, services, status, timeline } from './data.ts';

interface Session {
  /** Whether the server asks for tokens at all. */
  readonly needed: boolean;
  readonly signedIn: boolean;
}

/** `unknown` until the server has said whether it wants a token: nothing else is asked before. */
export const signedIn = signal<'unknown' | 'yes' | 'no'>('unknown');
export const canSignOut = signal(false);

const all = [services, timeline, graph, labels, status, overview];

/** Starts the page once the server lets it read. @param start asks for everything, once */
export async function startSession(start: () => void): Promise<void> {
  const result = await get<Session>('session', {}, new AbortController().signal);
  // A server that does not answer, or not so, is for the rest of the page to tell of.
  canSignOut.value = result.ok && result.value.needed;
  signedIn.value = result.ok && !result.value.signedIn ? 'no' : 'yes';
  let started = false;
  effect(() => {
    if (signedIn.value !== 'yes') return;
    if (!started) untracked(start);
    else untracked(again);
    started = true;
  });
  effect(() => {
    if (all.some(({ error }) => error.value?.code === 'unauthorized')) signedIn.value = 'no';
  });
}

/** @returns what the server had against the token */
export async function signIn(token: string): Promise<ApiError | undefined> {
  const result = await send<Session>('POST', 'session', { token });
  if (!result.ok) return result.error;
  canSignOut.value = result.value.needed;
  signedIn.value = 'yes';
  return undefined;
}

/** Begins anew, so that nothing of what was shown stays in the page. */
export async function signOut(): Promise<void> {
  await send('DELETE', 'session');
  location.reload();
}

function again(): void {
  for (const { error } of all) if (error.value?.code === 'unauthorized') error.value = undefined;
  void status.load({});
  reload();
}
