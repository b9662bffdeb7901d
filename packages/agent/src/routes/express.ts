import { labelsOfRequest } from './request.ts';

/**
 * Express (4 and 5) leaves the route in the request (`req.route.path`), a template. Where its router is mounted it says by
 * the path of the very request alone (`req.baseUrl`), which is no template: so `use` is followed, and what is mounted
 * under a path notes that path, as the program wrote it, while a request is within it.
 */
type Handler = (
  this: unknown,
  request: object,
  response: unknown,
  next: (...results: unknown[]) => void,
) => unknown;

export function followExpress(exports: unknown): void {
  const router: unknown =
    typeof exports === 'function' ? (Reflect.get(exports, 'Router') ?? exports) : undefined;
  if (typeof router !== 'function') return;
  // Express 5 has a class of routers; in Express 4 what makes routers is their prototype itself.
  const prototype: unknown = router.prototype;
  const owner =
    typeof prototype === 'function' ||
    (typeof prototype === 'object' && prototype !== null && 'use' in prototype)
      ? (prototype as object)
      : router;
  const use: unknown = Reflect.get(owner, 'use');
  if (typeof use !== 'function' || followed.has(use)) return;
  const following = function (this: { stack?: Layer[] }, ...args: unknown[]): unknown {
    const before = this.stack?.length ?? 0;
    const result: unknown = Reflect.apply(use, this, args);
    const path = templateOf(args[0]);
    if (path !== '') for (const layer of this.stack?.slice(before) ?? []) follow(layer, path);
    return result;
  };
  followed.add(following);
  Reflect.set(owner, 'use', following);
}

const followed = new WeakSet<object>();

interface Layer {
  handle: unknown;
}

function templateOf(path: unknown): string {
  if (Array.isArray(path))
    return path.length > 0 && typeof path[0] !== 'function' ? path.map(String).join('|') : '';
  if (path instanceof RegExp) return String(path);
  return typeof path === 'string' && path !== '/' ? path.replace(/\/$/, '') : '';
}

function follow(layer: Layer, path: string): void {
  const { handle } = layer;
  // Handlers of errors have four parameters, by which Express knows them.
  if (typeof handle !== 'function' || handle.length > 3) return;
  const within: Handler = function (request, response, next) {
    const labels = labelsOfRequest(request);
    if (labels === undefined) return Reflect.apply(handle, this, [request, response, next]);
    const outer = labels.mount;
    labels.mount = outer + path;
    return Reflect.apply(handle, this, [
      request,
      response,
      (...results: unknown[]) => {
        labels.mount = outer;
        next(...results);
      },
    ]);
  };
  layer.handle = Object.assign(within, handle);
}

/** The template of a request's route as far as it has got; '' before any. */
export function routeOf(request: object): string | undefined {
  const route: unknown = Reflect.get(request, 'route');
  const path: unknown = typeof route === 'object' && route !== null ? Reflect.get(route, 'path') : undefined;
  if (path === undefined || path === null) return undefined;
  const own = Array.isArray(path) ? path.map(String).join('|') : String(path);
  const template = `${labelsOfRequest(request)?.mount ?? ''}${own === '/' ? '' : own}`;
  return template === '' ? '/' : template;
}
