import type { LabelContext } from './label-context.ts';
import { LabelState, type SpanIds } from './label-state.ts';

/**
 * OpenTelemetry's span as labels of samples: trace_id, span_id and span_name of the innermost span that is recorded.
 *
 * Its API keeps what the program has registered in a global (`opentelemetry.js.api.1`). The context manager in it is what
 * every change of the current span goes through (`with`): that is wrapped, and nothing of OpenTelemetry is imported.
 */
const API = Symbol.for('opentelemetry.js.api.1');
/** https://github.com/open-telemetry/opentelemetry-js, api/src/trace/context-utils.ts */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
/** How often is looked whether the program has registered its SDK, ms, and for how long. */
const LOOK_EVERY_MS = 100;
const LOOK_FOR_MS = 60_000;

type With = (
  context: unknown,
  call: (...args: unknown[]) => unknown,
  self?: unknown,
  ...args: unknown[]
) => unknown;

/** Follows spans until the answer is called. */
export function followSpans(labels: LabelContext): () => void {
  let manager: object | undefined;
  let original: With | undefined;
  const began = performance.now();
  const look = () => {
    const found = contextManager();
    if (found !== undefined) {
      manager = found.manager;
      original = found.with;
      Reflect.set(manager, 'with', following(original, labels));
    }
    if (found !== undefined || performance.now() - began > LOOK_FOR_MS) clearInterval(timer);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  setImmediate(look).unref();
  return () => {
    clearInterval(timer);
    if (manager !== undefined) Reflect.deleteProperty(manager, 'with'); // the class has its own
  };
}

function contextManager(): { manager: object; with: With } | undefined {
  const api: unknown = Reflect.get(globalThis, API);
  const manager: unknown = typeof api === 'object' && api !== null ? Reflect.get(api, 'context') : undefined;
  if (typeof manager !== 'object' || manager === null) return undefined;
  const found: unknown = Reflect.get(manager, 'with');
  return typeof found === 'function' ? { manager, with: found as With } : undefined;
}

function following(original: With, labels: LabelContext): With {
  return function (this: unknown, context, call, self, ...args) {
    const within = () => Reflect.apply(original, this, [context, call, self, ...args]);
    const { own, request, span } = labels.current;
    const now = spanOf(context);
    if (now?.spanId === span?.spanId) return within();
    return labels.run(new LabelState(own, request, now), within);
  };
}

function spanOf(context: unknown): SpanIds | undefined {
  try {
    const getValue: unknown = Reflect.get(Object(context), 'getValue');
    const span: unknown =
      typeof getValue === 'function' ? Reflect.apply(getValue, context, [SPAN_KEY]) : undefined;
    if (typeof span !== 'object' || span === null) return undefined;
    const { spanContext, name } = span as { spanContext?: unknown; name?: unknown };
    if (typeof spanContext !== 'function') return undefined;
    const { traceId, spanId, traceFlags } = Reflect.apply(spanContext, span, []);
    // 1: sampled. A span that nobody keeps is not worth a label.
    if (typeof traceId !== 'string' || typeof spanId !== 'string' || !(traceFlags & 1)) return undefined;
    return { traceId, spanId, name: typeof name === 'string' ? name : '' };
  } catch {
    return undefined; // a span of somebody else's making: a sample without span is no harm
  }
}
