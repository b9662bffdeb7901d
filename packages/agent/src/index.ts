import * as labelling from './labels.ts';
import * as lifecycle from './lifecycle.ts';
import { once } from './once.ts';

export type { Logger } from './log.ts';
export type { StartOptions } from './options.ts';
export type { Deliver, DeliveredPush } from './transport.ts';

const api = once({
  start: lifecycle.start,
  stop: lifecycle.stop,
  isRunning: lifecycle.isRunning,
  labels: labelling.labels,
  withLabels: labelling.withLabels,
  setEndpoint: labelling.setEndpoint,
});

export const start: typeof lifecycle.start = api.start;
export const stop: typeof lifecycle.stop = api.stop;
export const isRunning: typeof lifecycle.isRunning = api.isRunning;
export const labels: typeof labelling.labels = api.labels;
export const withLabels: typeof labelling.withLabels = api.withLabels;
export const setEndpoint: typeof labelling.setEndpoint = api.setEndpoint;
