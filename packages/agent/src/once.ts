/** Changes with what the functions take, so that only copies that understand one another share. */
const KEY = Symbol.for('everflame.agent.1');

/**
 * The one implementation of a thread. A program may load several copies of this package (two versions in its
 * node_modules, one of them bundled, one preloaded): all of them then are the first one.
 */
export function once<T extends object>(own: T): T {
  const known: unknown = Reflect.get(globalThis, KEY);
  if (typeof known === 'object' && known !== null && Object.keys(own).every((name) => name in known))
    return known as T;
  Object.defineProperty(globalThis, KEY, { value: own, configurable: true });
  return own;
}
