/**
 * What the server says in its answer to a push (docs/agent-contract.md, "Remote control"). Each answer says the whole
 * state: what it does not name is as the program was started. What is wrong in it is as if it were not there: nothing
 * that comes from the network throws here.
 */
export interface Control {
  readonly enabled?: boolean;
  readonly hz?: number;
  readonly window?: number;
  readonly capture?: Capture;
}

export interface Capture {
  readonly id: string;
  /** `cpu`, `wall` or `heap`, or what a later server may ask for. */
  readonly type: string;
  readonly hz: number | undefined;
  readonly seconds: number;
}

const MAX_BYTES = 64 * 1024;
const DEFAULT_CAPTURE_SECONDS = 10;
/** How many captures are remembered, so that one that is told again is not begun again. */
const REMEMBERED = 16;

/** The control in an answer; undefined if there is none, and everything stays as it is. */
export function parseControl(body: Uint8Array): Control | undefined {
  if (body.length > MAX_BYTES) return undefined;
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
  const said = isObject(answer) ? answer.control : undefined;
  if (!isObject(said)) return undefined;
  const hz = number(said.hz, 1, 1000);
  const window = number(said.window, 1, 300);
  const capture = parseCapture(said.capture);
  return {
    ...(typeof said.enabled === 'boolean' && { enabled: said.enabled }),
    ...(hz !== undefined && { hz }),
    ...(window !== undefined && { window }),
    ...(capture && { capture }),
  };
}

function parseCapture(said: unknown): Capture | undefined {
  if (!isObject(said) || typeof said.id !== 'string' || !/^[0-9A-Za-z_-]{1,64}$/.test(said.id))
    return undefined;
  return {
    id: said.id,
    type: typeof said.type === 'string' ? said.type : 'nothing',
    hz: number(said.hz, 1, 1000),
    seconds: number(said.seconds, 1, 60) ?? DEFAULT_CAPTURE_SECONDS,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A finite number, taken to the nearest bound. */
function number(value: unknown, least: number, most: number): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Math.min(Math.max(value, least), most);
}

/** The newest control, and the captures that were begun. */
export class Steering {
  /** Of a capture, to be said with the next push. */
  refusal: string | undefined;
  readonly #ownWindow: number;
  readonly #seen: string[] = [];
  #control: Control = {};
  #waiting: Capture | undefined;

  constructor(ownWindow: number) {
    this.#ownWindow = ownWindow;
  }

  get enabled(): boolean {
    return this.#control.enabled !== false;
  }

  /** Samples per second that the server asks for; undefined: as the program was started. */
  get hz(): number | undefined {
    return this.#control.hz;
  }

  get window(): number {
    return this.#control.window ?? this.#ownWindow;
  }

  hear(body: Uint8Array): void {
    const control = parseControl(body);
    if (control) this.take(control);
  }

  take(control: Control): void {
    this.#control = control;
    const asked = control.capture;
    this.#waiting = asked && !this.#seen.includes(asked.id) ? asked : undefined;
  }

  /** A capture that is to be begun now, once; one that cannot be done is refused instead. */
  nextCapture(whyNot: (capture: Capture) => string | undefined): Capture | undefined {
    const asked = this.#waiting;
    this.#waiting = undefined;
    if (!asked) return undefined;
    this.#seen.push(asked.id);
    if (this.#seen.length > REMEMBERED) this.#seen.shift();
    const reason = whyNot(asked);
    if (reason === undefined) return asked;
    this.refusal = `${asked.id} ${oneLine(reason)}`;
    return undefined;
  }
}

/** As a header takes it: ASCII, one line, not long. */
function oneLine(reason: string): string {
  return reason.replace(/[^\x20-\x7e]+/g, '?').slice(0, 200);
}
