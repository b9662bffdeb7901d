import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { LabelContext } from '../label-context.ts';
import { LabelState, RequestLabels } from '../label-state.ts';
import { followExpress, routeOf } from './express.ts';
import { followFastify } from './fastify.ts';
import { followKoa } from './koa.ts';
import { onModules } from './modules.ts';
import { labelRequest, labelsOfRequest } from './request.ts';

/**
 * Labels of requests: `method`, and `endpoint`, the template of the route and never the path, so that a label has as
 * many values as the program has routes.
 *
 * Node says when a request begins and when its answer is sent (`diagnostics_channel`); which route it took is told by
 * the framework, or by the program (`everflame.setEndpoint`).
 *
 * Follows requests until the answer is called.
 */
export function followRoutes(context: LabelContext): () => void {
  const began = (message: unknown) => {
    const request = requestOf(message);
    if (request === undefined || !context.isActive) return;
    const method: unknown = Reflect.get(request, 'method');
    const labels = new RequestLabels(typeof method === 'string' ? method : '', request, routeOf);
    labelRequest(request, labels);
    context.enter(new LabelState({}, labels, undefined));
  };
  const ended = (message: unknown) => labelsOfRequest(requestOf(message))?.finish();
  subscribe('http.server.request.start', began);
  subscribe('http.server.response.finish', ended);
  const ends = [
    followFastify(),
    onModules({ express: followExpress, router: followExpress, koa: followKoa }),
  ];
  return () => {
    unsubscribe('http.server.request.start', began);
    unsubscribe('http.server.response.finish', ended);
    for (const end of ends) end();
  };
}

function requestOf(message: unknown): object | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const request: unknown = Reflect.get(message, 'request');
  return typeof request === 'object' && request !== null ? request : undefined;
}
