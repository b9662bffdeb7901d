import type { Capture } from './control.ts';
import { Steering } from './control.ts';
import { Courier } from './courier.ts';
import { fraction, spread } from './jitter.ts';
import type { LabelContext } from './label-context.ts';
import { type Logger, messageOf } from './log.ts';
import { Outbox } from './outbox.ts';
import type { Identity, Push } from './push.ts';
import { Sampling } from './sampling.ts';
import type { Settings } from './settings.ts';
import type { Transport } from './transport.ts';

/** Between two questions, while the server has the agent switched off. */
const ASK_EVERY_MS = 60_000;
/** A timer's longest wait in Node is longer; a clock that jumps is noticed sooner. */
const LONGEST_WAIT_MS = 30_000;
/** Past so many defects of ours in a row the agent gives up and leaves the program alone. */
const MAX_DEFECTS = 3;

/**
 * The agent of one thread. It is in one of three states: windows of the usual length follow one another; a window is a
 * capture, exactly as long as was asked for; or sampling is switched off, and it asks now and then whether it still is.
 * Everything happens in one timer, which keeps no process alive. Times are of `performance.now()`.
 */
export class Agent {
  readonly settings: Settings;
  readonly sampling: Sampling;
  readonly outbox: Outbox;
  readonly courier: Courier;
  readonly #steering: Steering;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #isOn = false;
  #stopped = false;
  #closes = 0;
  #asks = 0;
  #capture: Capture | undefined;
  #defects = 0;

  constructor(
    settings: Settings,
    identityOf: (profiler: string | undefined) => Identity,
    labels: LabelContext,
    transport: Transport,
    logger: Logger,
  ) {
    this.settings = settings;
    this.#logger = logger;
    this.sampling = new Sampling(settings, labels, logger);
    this.#steering = new Steering(settings.window);
    const identity = identityOf(this.sampling.profiler);
    this.outbox = new Outbox(identity, settings.server.path);
    this.courier = new Courier({
      settings,
      identity,
      outbox: this.outbox,
      steering: this.#steering,
      transport,
      logger,
      captures: () => this.sampling.captures(),
    });
  }

  /** @throws where nothing can be sampled. */
  start(firstWindow = this.settings.window * (0.1 + 0.9 * fraction())): void {
    this.sampling.start();
    this.#isOn = true;
    // Processes that start together push apart.
    this.#closes = performance.now() + firstWindow * 1000;
    this.#wait();
  }

  /** Stops sampling, and sends what there is within so many milliseconds. */
  async stop(withinMs: number): Promise<void> {
    const stopBy = performance.now() + withinMs;
    this.#end();
    const late = new Promise((resolve) => setTimeout(resolve, withinMs));
    // What is on its way may be what failed a moment ago: one more attempt of its own.
    await Promise.race([this.courier.sendAll(stopBy).then(() => this.courier.sendAll(stopBy)), late]);
  }

  /** Stops sampling; what is left to be sent, oldest first, with all headers. For the end of a process. */
  finish(): { push: Push; headers: Record<string, string> }[] {
    this.#end();
    return this.outbox.all().map((push) => ({ push, headers: this.courier.headersOf(push) }));
  }

  #end(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    try {
      if (this.#isOn) this.#close(false);
    } finally {
      this.sampling.stop();
    }
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    let when = this.#isOn ? this.#closes : this.#asks;
    if (!this.outbox.isEmpty) when = Math.min(when, Math.max(this.courier.retryAt, performance.now() + 50));
    const wait = Math.min(Math.max(when - performance.now(), 0), LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => this.#guarded(() => this.#turn()), wait);
    this.#timer.unref();
  }

  /** A defect of ours is said, and never the program's. */
  #guarded(step: () => void): void {
    try {
      step();
      this.#defects = 0;
    } catch (error) {
      this.#logger.warn(`a window is lost: ${messageOf(error)}`);
      if (++this.#defects >= MAX_DEFECTS) {
        this.#logger.warn('this process is not profiled any more');
        this.#stopped = true;
        try {
          this.sampling.stop();
        } catch {
          // It is what fails.
        }
      }
    }
    this.#wait();
  }

  #turn(): void {
    const now = performance.now();
    if (this.#isOn && now >= this.#closes) {
      // The next one first: whatever happens, there is one.
      const length = spread(this.#steering.window);
      this.#closes = now + length * 1000;
      this.#close(true);
      this.sampling.setRate(this.#steering.hz);
    }
    if (!this.outbox.isEmpty && now >= this.courier.retryAt) this.#send();
    if (!this.#isOn && now >= this.#asks) {
      this.#asks = now + ASK_EVERY_MS;
      void this.courier.ask().then((again) => {
        this.#asks = performance.now() + again;
        this.#guarded(() => this.#follow());
      });
    }
    this.#follow();
  }

  #send(): void {
    this.courier.sendAll().then(
      () => this.#guarded(() => this.#follow()),
      (error: unknown) => this.#guarded(() => this.#logger.warn(`a push is lost: ${messageOf(error)}`)),
    );
  }

  /** Ends the window; the next one begins where it ends. */
  #close(goOn: boolean, early = false): void {
    const capture = this.#capture;
    this.#capture = undefined;
    const window = this.sampling.collect(goOn);
    if (capture !== undefined) {
      window.capture = capture.id;
      if (goOn) this.sampling.endCapture();
    } else if (early && window.rows === 0) return;
    this.outbox.add(window);
  }

  /** Does what the server said last. A capture that runs is finished first. */
  #follow(): void {
    if (this.#capture !== undefined || this.#stopped) return;
    const capture = this.#steering.nextCapture((asked) => this.sampling.whyNoCapture(asked));
    if (capture !== undefined) this.#beginCapture(capture);
    else if (this.#isOn && !this.#steering.enabled) {
      this.#close(true, true);
      this.sampling.stop();
      this.#isOn = false;
      this.#asks = performance.now() + spread(ASK_EVERY_MS);
      this.#send();
    } else if (!this.#isOn && this.#steering.enabled) {
      this.#goOn();
      this.#closes = performance.now() + spread(this.#steering.window) * 1000;
    }
  }

  #goOn(): void {
    this.sampling.start();
    this.sampling.setRate(this.#steering.hz);
    this.#isOn = true;
  }

  #beginCapture(capture: Capture): void {
    if (this.#isOn) this.#close(true, true);
    else this.#goOn();
    this.sampling.beginCapture(capture);
    this.#capture = capture;
    this.#closes = performance.now() + capture.seconds * 1000;
    this.#send();
  }
}
