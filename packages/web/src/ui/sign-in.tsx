import { useEffect, useRef, useState } from 'preact/hooks';
import { signIn } from '../state/session.ts';
import { Mark } from './mark.tsx';

/** The door of a server that wants a token. Behind it the page goes on where its address says. */
export function SignIn() {
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState('');
  const [pending, setPending] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Everflame';
    field.current?.focus();
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (pending) return;
    setPending(true);
    const error = await signIn(field.current?.value ?? '');
    setPending(false);
    setFault(error?.message ?? '');
    if (error) field.current?.select();
  };
  return (
    <section class="panel sign-in" aria-labelledby="sign-in-title">
      <Mark size={40} />
      <h1 id="sign-in-title">Sign in</h1>
      <p id="sign-in-hint">This server shows profiles to those who have a token for reading.</p>
      <form onSubmit={submit}>
        <label for="token">Token</label>
        <div class="sign-in-line">
          <input
            ref={field}
            id="token"
            type="password"
            name="token"
            required
            autocomplete="current-password"
            spellcheck={false}
            aria-invalid={fault !== ''}
            aria-describedby="sign-in-hint sign-in-fault"
          />
          <button type="submit" class="button button-strong" aria-disabled={pending}>
            Sign in
          </button>
        </div>
        <p id="sign-in-fault" class="sign-in-fault" role="alert">
          {fault}
        </p>
      </form>
    </section>
  );
}
