import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { labelsOfRequest } from './request.ts';

interface Request {
  readonly raw: unknown;
  readonly routeOptions?: { readonly url?: string };
}

interface Instance {
  addHook(name: 'onRequest', hook: (request: Request, reply: unknown, done: () => void) => void): void;
}

/**
 * Fastify says when an instance is made (`fastify.initialization`, https://fastify.dev/docs/latest/Reference/Hooks), and knows a
 * request's route before its first hook runs.
 */
export function followFastify(): () => void {
  const made = (message: unknown) => {
    const instance: unknown =
      typeof message === 'object' && message !== null ? Reflect.get(message, 'fastify') : undefined;
    if (!isInstance(instance)) return;
    instance.addHook('onRequest', (request, _reply, done) => {
      // Without a route it is the handler of what is not found.
      labelsOfRequest(request.raw)?.settle(request.routeOptions?.url ?? '');
      done();
    });
  };
  subscribe('fastify.initialization', made);
  return () => unsubscribe('fastify.initialization', made);
}

function isInstance(value: unknown): value is Instance {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'addHook') === 'function';
}
