import { LabelState } from './label-state.ts';
import { labelContext } from './lifecycle.ts';

/**
 * Labels of the samples that are taken while `call` runs, and while what it began runs: promises, timers, callbacks.
 * Answers with what `call` answers, a promise too, and throws what it throws.
 *
 *     everflame.labels({ endpoint: '/orders/:id', tenant }, () => handle(order));
 *
 * Calls nest: the inner one adds to the outer one's labels, and replaces those of the same name; an empty value removes
 * one. Each set of values makes a series on the server: give it routes and kinds, never ids.
 */
export function labels<T>(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
  call: () => T,
): T {
  if (!labelContext.isActive) return call();
  const { own, request, span } = labelContext.current;
  const texts = Object.entries(values).map(([name, value]) => [name, String(value ?? '')]);
  return labelContext.run(new LabelState({ ...own, ...Object.fromEntries(texts) }, request, span), call);
}

/** The function with labels around each of its calls. */
export function withLabels<This, Args extends unknown[], Result>(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
  call: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  return function (this: This, ...args: Args): Result {
    return labels(values, () => Reflect.apply(call, this, args));
  };
}

/** The template of the route of the request that is being answered, for frameworks that are not known here. */
export function setEndpoint(template: string): void {
  labelContext.current.request?.settle(template);
}
