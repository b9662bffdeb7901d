import { labelsOfRequest } from './request.ts';

/**
 * Koa knows no routes; its routers (`koa-router`, `@koa/router`) leave the template in the request's context
 * (`ctx._matchedRoute`, with the prefixes of all routers around it). So all that is taken from Koa is that context.
 */
export function followKoa(exports: unknown): void {
  const Koa = typeof exports === 'function' ? exports : Reflect.get(Object(exports), 'default');
  const prototype: unknown = Koa?.prototype;
  if (typeof prototype !== 'object' || prototype === null) return;
  const original: unknown = Reflect.get(prototype, 'createContext');
  if (typeof original !== 'function' || followed.has(original)) return;
  const following = function (this: unknown, request: unknown, response: unknown) {
    const context: unknown = Reflect.apply(original, this, [request, response]);
    const labels = labelsOfRequest(request);
    if (labels !== undefined && typeof context === 'object' && context !== null)
      labels.lookIn(context, matchedRoute);
    return context;
  };
  followed.add(following);
  Reflect.set(prototype, 'createContext', following);
}

function matchedRoute(context: object): string | undefined {
  const route: unknown = Reflect.get(context, '_matchedRoute');
  return route === undefined || route === null ? undefined : String(route);
}

const followed = new WeakSet<object>();
