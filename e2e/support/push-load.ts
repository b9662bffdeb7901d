import type { TestServer } from './server.ts';

/** Each push has a function of its own, worth one sample: what is stored, and how often, can be read off the tree. */
const SAMPLE_NANOS = 1e7;

export interface Sent {
  readonly id: number;
  /** Unix ms. */
  readonly from: number;
}

/** Pushes from some senders at once, over as many servers as come and go, and what became of them. */
export class PushLoad {
  readonly service: string;
  readonly sent: Sent[] = [];
  readonly acknowledged = new Set<number>();
  /** What was answered instead, by status and code. */
  readonly refused = new Map<string, number>();
  readonly #start: () => number;
  readonly #padding: number;

  /** @param start of a window, unix ms. @param padding further functions in each push, new ones, worth nothing */
  constructor(
    service: string,
    { start = Date.now, padding = 0 }: { start?: () => number; padding?: number } = {},
  ) {
    this.service = service;
    this.#start = start;
    this.#padding = padding;
  }

  /** @param until is asked before each push */
  async run(server: TestServer, senders: number, until: () => boolean): Promise<void> {
    const sender = async () => {
      while (!until()) {
        const push = { id: this.sent.length, from: this.#start() };
        this.sent.push(push);
        if (!(await this.send(server, push))) await new Promise((wait) => setTimeout(wait, 20));
      }
    };
    await Promise.all(Array.from({ length: senders }, sender));
  }

  /** As an agent would: what was not acknowledged is sent again, under the same name. @returns ids still refused */
  async sendAgain(server: TestServer): Promise<number[]> {
    const left = this.sent.filter(({ id }) => !this.acknowledged.has(id));
    const refused: number[] = [];
    const sender = async () => {
      for (let push = left.pop(); push; push = left.pop()) {
        if (!(await this.send(server, push))) refused.push(push.id);
      }
    };
    await Promise.all(Array.from({ length: 8 }, sender));
    return refused;
  }

  /** @returns whether it was acknowledged; a server that is gone acknowledges nothing */
  async send(server: TestServer, { id, from }: Sent): Promise<boolean> {
    try {
      const answer = await server.push(
        `name=${this.service}&from=${from}&until=${from + 1}`,
        this.#body(id),
        {
          'everflame-protocol': '1',
          'everflame-instance': `load-of-${this.service}`,
          'everflame-sequence': String(id),
        },
      );
      const text = await answer.text();
      if (answer.status === 200) {
        this.acknowledged.add(id);
        return true;
      }
      const kind = `${answer.status} ${JSON.parse(text).error.code}`;
      this.refused.set(kind, (this.refused.get(kind) ?? 0) + 1);
      return false;
    } catch {
      return false;
    }
  }

  /** Acknowledged pushes that are not stored exactly once, and stored ones that nobody sent. */
  async differences(server: TestServer, query = 'from=-1h'): Promise<{ lost: number[]; wrong: string[] }> {
    const tree = await server.json(`/data?query=${this.service}&${query}`);
    const stored = new Map<string, number>(
      (tree.children ?? []).map((child: { name: string; value: number }) => [child.name, child.value]),
    );
    const known = new Set(this.sent.map(({ id }) => `push_${id}`));
    return {
      lost: [...this.acknowledged].filter((id) => !stored.has(`push_${id}`)),
      wrong: [...stored]
        .filter(([name, value]) => value !== SAMPLE_NANOS || !known.has(name))
        .map(([name, value]) => `${name}: ${value}`),
    };
  }

  #body(id: number): string {
    const filling = Array.from({ length: this.#padding }, (_, i) => `;padding_${id}_${i}_${Math.random()}`);
    return `push_${id}${filling.join('')} 1`;
  }
}
