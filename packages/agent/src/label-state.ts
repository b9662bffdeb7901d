import { type LabelSet, labelSet, NO_LABELS } from './label-set.ts';

/** Reads the template of a route from what a framework has for a request; undefined: not known (yet). */
export type FindRoute = (source: object) => string | undefined;

/** The request that is being answered. Its route is known once the framework has found it: later than it begins. */
export class RequestLabels {
  endpoint = '';
  /** Templates of the mounts (Express) that the request is in. */
  mount = '';
  /**
   * Where the route is to be found, for as long as it is not known and the request is under way. Not a closure made for
   * each request: V8 puts a function that is written as the value of a property into the old generation at once, where
   * it would hold on to its request until the next large collection.
   */
  #source: object | undefined;
  #find: FindRoute;

  readonly method: string;

  constructor(method: string, source: object, find: FindRoute) {
    this.method = method;
    this.#source = source;
    this.#find = find;
  }

  /** Another place to look, which knows better. */
  lookIn(source: object, find: FindRoute): void {
    this.#source = source;
    this.#find = find;
  }

  /** The template is known, or will never be. */
  settle(endpoint: string): void {
    this.endpoint = endpoint;
    this.#source = undefined;
  }

  /** The template, as far as it is known now. */
  resolve(): string {
    if (this.#source !== undefined) {
      try {
        this.endpoint = this.#find(this.#source) || this.endpoint;
      } catch {
        // A framework that is made otherwise: a sample without its route.
        this.#source = undefined;
      }
    }
    return this.endpoint;
  }

  /** The answer is sent: the route is known now, or never. Lets go of the request, which may be large. */
  finish(): void {
    this.settle(this.resolve());
  }
}

export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
}

/** What the program is at: what a sample points to. It is turned into labels when the window closes. */
export class LabelState {
  static readonly NONE = new LabelState({}, undefined, undefined);
  #set: LabelSet | undefined;
  #endpoint = '';

  readonly own: Readonly<Record<string, string>>;
  readonly request: RequestLabels | undefined;
  readonly span: SpanIds | undefined;

  constructor(
    own: Readonly<Record<string, string>>,
    request: RequestLabels | undefined,
    span: SpanIds | undefined,
  ) {
    this.own = own;
    this.request = request;
    this.span = span;
  }

  get isEmpty(): boolean {
    return this.request === undefined && this.span === undefined && Object.keys(this.own).length === 0;
  }

  toLabels(): LabelSet {
    if (this.isEmpty) return NO_LABELS;
    const endpoint = this.request?.resolve() ?? '';
    if (this.#set === undefined || endpoint !== this.#endpoint) {
      this.#endpoint = endpoint;
      this.#set = labelSet({
        ...(this.request && { method: this.request.method, endpoint }),
        ...this.own,
        ...(this.span && {
          trace_id: this.span.traceId,
          span_id: this.span.spanId,
          span_name: this.span.name,
        }),
      });
    }
    return this.#set;
  }
}
