import { hostname } from 'node:os';
import { isMainThread, threadId } from 'node:worker_threads';
import { Agent } from './agent.ts';
import { EXIT_LIMIT_MS, pushAtExit } from './exit-push.ts';
import { LabelContext } from './label-context.ts';
import { guarded, type Logger, messageOf, standardError } from './log.ts';
import type { StartOptions } from './options.ts';
import { newIdentity } from './push.ts';
import { followRoutes } from './routes/routes.ts';
import { resolveSettings, type Settings } from './settings.ts';
import { followSpans } from './spans.ts';
import { beforeTermination } from './termination.ts';
import { httpTransport, inProcessTransport } from './transport.ts';
import { letWorkersFinish, waitForWorkers } from './worker-exit.ts';

/** Starting and stopping. One agent per thread; signals that the program handles are left alone. */
export const labelContext = new LabelContext();

let running: Agent | undefined;
const stopFollowing: (() => void)[] = [];
let exitHook = false;
let ownDelivery = false;

/**
 * Starts profiling this thread. What is not given comes from the environment (`EVERFLAME_SERVICE_NAME`,
 * `EVERFLAME_SERVER`, …) and then from defaults. Where it is being profiled already, nothing happens.
 *
 * @throws TypeError, RangeError for arguments that make no sense, and nothing else: an agent that cannot start says why.
 */
export function start(options: StartOptions = {}): void {
  const logger = guarded(options.logger ?? standardError());
  const settings = resolveSettings(options, process.env, logger);
  if (!settings.enabled) return;
  if (running !== undefined) {
    logger.info(`this thread is profiled as ${running.settings.serviceName} already`);
    return;
  }
  try {
    startWith(settings, options, logger);
  } catch (error) {
    running = undefined;
    logger.warn(`this process is not profiled: ${messageOf(error)}`);
  }
}

function startWith(settings: Settings, options: StartOptions, logger: Logger): void {
  if (settings.rate === 0 && settings.wallRate === 0 && settings.memory === 'off') {
    logger.warn('nothing is sampled: rate and wallRate are 0, and memory is off');
    return;
  }
  const transport = options.deliver ? inProcessTransport(options.deliver) : httpTransport(settings);
  ownDelivery = options.deliver !== undefined;
  const agent = new Agent(
    settings,
    (profiler) => newIdentity(settings.serviceName, processLabels(settings, profiler)),
    labelContext,
    transport,
    logger,
  );
  // Who stores its own profiles has somebody looking at once.
  agent.start(options.deliver ? Math.min(3, settings.window) : undefined);
  running = agent;
  followProgram(agent, settings, logger);
  if (!exitHook) {
    exitHook = true;
    process.once('exit', finishAtExit);
  }
  if (isMainThread && settings.sigterm) stopFollowing.push(beforeTermination(finishAtExit));
  letWorkersFinish(stop);
  logger.info(`profiling ${settings.serviceName}, sending to ${transport.to}`);
}

/** Routes and spans, where samples can carry them. */
function followProgram(agent: Agent, settings: Settings, logger: Logger): void {
  const missing = agent.sampling.labelsMissing;
  if (missing !== undefined) {
    const say = settings.spans ? logger.warn : logger.info;
    say(`samples carry no labels: ${missing}`);
    return;
  }
  if (settings.routes) stopFollowing.push(followRoutes(labelContext));
  if (settings.spans) stopFollowing.push(followSpans(labelContext));
}

/** Stops profiling this thread and sends what was measured, within 2 seconds. Never rejects. */
export async function stop(): Promise<void> {
  const agent = running;
  running = undefined;
  unfollow();
  try {
    await agent?.stop(EXIT_LIMIT_MS);
  } catch {
    // A defect of ours: the program stops for other reasons.
  }
}

export function isRunning(): boolean {
  return running !== undefined;
}

function unfollow(): void {
  for (const end of stopFollowing.splice(0)) end();
}

/** The last window, while the process exits. */
function finishAtExit(): void {
  const began = performance.now();
  const agent = running;
  running = undefined;
  try {
    if (isMainThread) waitForWorkers.tell();
    if (agent !== undefined) {
      const pushes = agent.finish();
      if (pushes.length > 0 && !ownDelivery) pushAtExit(agent.settings.server, pushes, EXIT_LIMIT_MS);
    }
    if (isMainThread) waitForWorkers.wait(EXIT_LIMIT_MS - (performance.now() - began));
  } catch {
    // The process goes, with its last window or without.
  }
}

/** Labels of the series. Threads of a process are told apart: `host:pid`, and `host:pid/3` for its third worker. */
function processLabels(settings: Settings, profiler: string | undefined): Record<string, string> {
  const host = hostname();
  const process_ = `${host}:${process.pid}`;
  return {
    language: 'javascript',
    host,
    instance: isMainThread ? process_ : `${process_}/${threadId}`,
    ...(profiler !== undefined && { profiler }),
    ...settings.labels,
  };
}
