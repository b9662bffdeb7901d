import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';

/**
 * A component in a file of its own that is fetched when it is first shown, so that the first view does not wait for the
 * others. Where the file cannot be had (the server was replaced by another version meanwhile), the page says so.
 */
export function lazy<P extends object>(
  load: () => Promise<ComponentType<P>>,
): ComponentType<P> & { preload(): void } {
  const loaded = signal<ComponentType<P> | undefined>(undefined);
  const failed = signal(false);
  let started = false;
  const preload = () => {
    if (started) return;
    started = true;
    load().then(
      (component) => {
        loaded.value = component;
      },
      () => {
        failed.value = true;
        started = false;
      },
    );
  };
  const Lazy = (props: P) => {
    preload();
    const Component = loaded.value;
    if (Component) return <Component {...props} />;
    if (!failed.value) return null;
    return (
      <p class="load-failed" role="alert">
        A part of the page could not be loaded: the server was replaced, perhaps.{' '}
        <button type="button" class="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </p>
    );
  };
  return Object.assign(Lazy, { preload });
}
