import { boxLocation, type FlameGraph, functionTable } from '@everflame/profile';

/** What one service has to do with a row. */
export interface FleetShare {
  readonly service: string;
  /** Value per second of time watched: cores for CPU time. */
  readonly self: number;
}

/** A function, or a module, across all services. */
export interface FleetRow {
  /** '' for a module as a whole. */
  readonly function: string;
  readonly module: string;
  /** Value per second, summed over services: what ends in it, and what passes through it. */
  readonly self: number;
  readonly total: number;
  /** How many services have it, and those in which it is worth most. */
  readonly services: number;
  readonly top: readonly FleetShare[];
}

export interface FleetPart {
  readonly service: string;
  readonly graph: FlameGraph;
  /** Seconds of the range in which it was watched. */
  readonly seconds: number;
}

const SHOWN_SERVICES = 5;

interface Sum {
  readonly function: string;
  readonly module: string;
  self: number;
  total: number;
  readonly services: FleetShare[];
}

/** Adds up functions, or modules, over the services; those that use most themselves first. */
export class FleetSums {
  readonly #byModule: boolean;
  readonly #sums = new Map<string, Sum>();
  /** Value per second of everything. */
  whole = 0;

  constructor(byModule: boolean) {
    this.#byModule = byModule;
  }

  add({ service, graph, seconds }: FleetPart): void {
    if (seconds <= 0) return;
    this.whole += graph.total[0] / seconds;
    const own = new Map<string, { self: number; total: number }>();
    const { boxes, self, total } = functionTable(this.#byModule ? modulesOf(graph) : graph);
    for (let i = 1; i < boxes.length; i++) {
      const { function: name } = boxes[i];
      const module = boxLocation(boxes[i]);
      const key = `${name}\0${module}`;
      if (!this.#sums.has(key))
        this.#sums.set(key, { function: name, module, self: 0, total: 0, services: [] });
      const known = own.get(key) ?? { self: 0, total: 0 };
      own.set(key, { self: known.self + self[i] / seconds, total: known.total + total[i] / seconds });
    }
    for (const [key, value] of own) {
      const sum = this.#sums.get(key);
      if (!sum) continue;
      sum.self += value.self;
      sum.total += value.total;
      sum.services.push({ service, self: value.self });
    }
  }

  /** @param limit rows; what the others are worth themselves is `rest` */
  rows(limit: number): { readonly rows: FleetRow[]; readonly others: number; readonly rest: number } {
    const all = [...this.#sums.values()].sort((a, b) => b.self - a.self || b.total - a.total);
    const rows = all.slice(0, limit).map(({ services, ...sum }) => ({
      ...sum,
      services: services.length,
      top: services.sort((a, b) => b.self - a.self).slice(0, SHOWN_SERVICES),
    }));
    const rest = all.slice(limit).reduce((sum, { self }) => sum + self, 0);
    return { rows, others: all.length - rows.length, rest };
  }
}

/** The same graph with modules as boxes: a module that calls itself by way of others counts once in its total. */
function modulesOf(graph: FlameGraph): FlameGraph {
  const index = new Map<string, number>();
  const boxes: { function: string; module: string; file: string }[] = [];
  const renumbered = graph.boxes.map((box, i) => {
    const location = i === graph.box[0] ? '' : boxLocation(box) || '(no module)';
    const known = index.get(location);
    if (known !== undefined) return known;
    index.set(location, boxes.length);
    return boxes.push({ function: '', module: location, file: '' }) - 1;
  });
  return { ...graph, boxes, box: graph.box.map((box) => renumbered[box]) };
}
