import { randomBytes } from 'node:crypto';

/** What the server says under `control`; read here as any client would, without the server's own types. */
export interface ControlSaid {
  readonly enabled?: boolean;
  readonly hz?: number;
  readonly window?: number;
  readonly capture?: {
    readonly id: string;
    readonly type: string;
    readonly hz?: number;
    readonly seconds: number;
  };
}

/**
 * An agent that does what docs/agent-contract.md says and samples nothing: each window holds one stack, whose leaf
 * says whether it was a capture.
 */
export class FakeAgent {
  readonly said: ControlSaid[] = [];
  readonly #url: string;
  readonly #name: string;
  readonly #instance = randomBytes(8).toString('hex');
  readonly #captures: string;
  readonly #done = new Set<string>();
  #sequence = 0;
  #began = Date.now();
  #running = true;
  #loop: Promise<void> | undefined;

  constructor(url: string, name: string, captures = 'cpu,wall,heap') {
    this.#url = url;
    this.#name = name;
    this.#captures = captures;
  }

  start(windowMs: number): this {
    this.#loop = this.#run(windowMs);
    return this;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
  }

  async #run(windowMs: number): Promise<void> {
    while (this.#running) {
      await new Promise((wait) => setTimeout(wait, windowMs));
      let control = await this.#push('regular', {});
      while (control.capture && !this.#done.has(control.capture.id)) {
        const { id, type, seconds, hz } = control.capture;
        this.#done.add(id);
        if (!this.#captures.includes(type)) {
          control = await this.#push('regular', { 'everflame-capture-refused': `${id} no ${type} here` });
          continue;
        }
        await this.#push('regular', {});
        await new Promise((wait) => setTimeout(wait, seconds * 1000));
        control = await this.#push('captured', {
          'everflame-capture': id,
          'everflame-rate': String(hz ?? 0),
        });
      }
    }
  }

  async #push(leaf: string, headers: Record<string, string>): Promise<ControlSaid> {
    const from = BigInt(this.#began) * 1_000_000n;
    this.#began = Date.now();
    const window = `from=${from}&until=${BigInt(this.#began) * 1_000_000n}`;
    const response = await fetch(`${this.#url}/ingest?name=${encodeURIComponent(this.#name)}&${window}`, {
      method: 'POST',
      body: `main;${leaf} 10\n`,
      headers: {
        'content-type': 'text/plain',
        'everflame-protocol': '1',
        'everflame-instance': this.#instance,
        'everflame-sequence': String(this.#sequence++),
        ...(this.#captures && { 'everflame-captures': this.#captures }),
        ...headers,
      },
    });
    if (!response.ok) throw new Error(`push: ${response.status} ${await response.text()}`);
    const { control } = await response.json();
    this.said.push(control);
    return control;
  }
}
