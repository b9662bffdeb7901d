import { type LabelSet, labelSet, NO_LABELS } from './label-set.ts';

/** The request that is being answered. Its route is known once the framework has found it: later than it begins. */
export class RequestLabels {
  endpoint = '';
  /** Templates of the mounts (Express) that the request is in. */
  mount = '';
  /** Finds the template of the route, for as long as it is not known and the request is under way. */
  find: (() => string | undefined) | undefined;

  readonly method: string;

  constructor(method: string) {
    this.method = method;
  }

  /** The template, as far as it is known now. */
  resolve(): string {
    if (this.find !== undefined) {
      try {
        const found = this.find();
        if (found) this.endpoint = found;
      } catch {
        // A framework that is made otherwise: a sample without its route.
        this.find = undefined;
      }
    }
    return this.endpoint;
  }

  /** The answer is sent: the route is known now, or never. Lets go of the request, which may be large. */
  finish(): void {
    this.resolve();
    this.find = undefined;
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
