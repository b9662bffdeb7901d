import type { ProfileKind } from '@everflame/profile';
import type { Filter } from '../store/filter.ts';
import type { Reader } from '../store/reader.ts';
import type { Retention } from '../store/retention.ts';
import type { Rollups } from '../store/rollups.ts';
import type { Windows } from '../store/windows.ts';
import { ClosedCache } from './closed-cache.ts';
import { explain } from './engine-errors.ts';
import {
  answerFlameGraph,
  type Caches,
  type FlameGraphAnswer,
  type FlameGraphQuestion,
} from './flame-graph-query.ts';
import { answerFunction, type FunctionQuestion, type FunctionShares } from './function-query.ts';
import type { Measure } from './measure.ts';
import { answerOverview, type Overview } from './overview-query.ts';
import { type Kept, planEver, planned, planProfiles, planRange } from './planner.ts';
import type { Selector } from './selector.ts';
import { Symbols } from './symbols.ts';
import type { TimeRange } from './time-range.ts';
import { answerTimeline, type TimelineAnswer, type TimelineQuestion } from './timeline-query.ts';

export interface ServiceEntry {
  readonly service: string;
  readonly types: readonly string[];
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** Labels that the list of services tells about each. */
const SERVICE_FACTS = ['language', 'sampler'];
const MAX_VALUES = 10_000;

/** What questions are answered from. */
export interface Queryable {
  readonly reader: Reader;
  readonly rollups: Pick<Rollups, 'coverage' | 'dropLabels' | 'version'>;
  readonly retention: Retention;
}

const EVERYTHING: Selector = { services: [], labels: [] };

export interface WindowsQuestion {
  readonly selector: Selector;
  readonly measure: Measure;
  readonly range: TimeRange;
}

/** Questions about what is stored. One per server: it holds the caches. */
export class Query {
  readonly #store: Queryable;
  readonly #reader: Reader;
  readonly #caches: Caches;

  constructor(store: Queryable, caches: Caches = { symbols: new Symbols(), closed: new ClosedCache() }) {
    this.#store = store;
    this.#reader = store.reader;
    this.#caches = caches;
  }

  /** The same, whose questions end when the signal does: nobody waits for their answers any more. */
  within(signal: AbortSignal): Query {
    return new Query({ ...this.#store, reader: this.#reader.within(signal) }, this.#caches);
  }

  flameGraph(question: FlameGraphQuestion): Promise<FlameGraphAnswer> {
    const answer = async () => {
      const kept = await this.#kept(question.selector);
      const { range, selector, span } = question;
      const plan = span ? planProfiles(range) : planRange(range, selector, kept);
      const ever = planEver(selector, kept);
      const { version } = this.#store.rollups;
      const stored = await this.#asStored(question);
      return answerFlameGraph(this.#reader, this.#caches, stored, { plan, ever, version });
    };
    return explain(answer());
  }

  timeline(question: TimelineQuestion): Promise<TimelineAnswer> {
    const answer = async () =>
      answerTimeline(this.#reader, await this.#asStored(question), await this.#kept(question.selector));
    return explain(answer());
  }

  functionShares(question: FunctionQuestion): Promise<FunctionShares> {
    const answer = async () =>
      answerFunction(this.#reader, await this.#asStored(question), await this.#kept(question.selector));
    return explain(answer());
  }

  /** Single profiles, as far back as they are kept. */
  windows({ selector, measure, range }: WindowsQuestion, limit: number): Promise<Windows> {
    const filter = planned({ ...selector, types: [measure.stored] }, planProfiles(range));
    return explain(this.#reader.windows(filter, measure.kind === 'flow', limit));
  }

  /** All services side by side, Everflame itself among them. */
  overview(measure: Measure, range: TimeRange, points: number): Promise<Overview> {
    const answer = async () =>
      answerOverview(this.#reader, measure, range, points, EVERYTHING, await this.#kept(EVERYTHING));
    return explain(answer());
  }

  async services(range?: TimeRange): Promise<ServiceEntry[]> {
    const kept = await this.#kept(EVERYTHING);
    const filter: Filter = { ...EVERYTHING, ...range };
    const plan = range ? planRange(range, EVERYTHING, kept) : planEver(EVERYTHING, kept);
    const [services, labels] = await explain(
      Promise.all([
        this.#reader.catalog.services(planned(filter, plan)),
        this.#reader.catalog.serviceLabels(filter, SERVICE_FACTS),
      ]),
    );
    return services.map((service) => ({ ...service, labels: labels.get(service.service) ?? {} }));
  }

  types(selector: Selector, range?: TimeRange): Promise<{ type: string; kind: ProfileKind }[]> {
    return explain(this.#reader.catalog.types({ ...selector, ...range }));
  }

  labelNames(selector: Selector, type: string | undefined, range?: TimeRange): Promise<string[]> {
    return explain(
      this.#reader.catalog.labelNames({
        ...selector,
        ...range,
        ...(type !== undefined && { types: [type] }),
      }),
    );
  }

  labelValues(
    selector: Selector,
    type: string | undefined,
    label: string,
    range?: TimeRange,
  ): Promise<string[]> {
    const filter = { ...selector, ...range, ...(type !== undefined && { types: [type] }) };
    return explain(this.#reader.catalog.labelValues(filter, label, MAX_VALUES));
  }

  async #kept(selector: Selector): Promise<Kept> {
    const { rollups, retention } = this.#store;
    const classes = retention.names;
    if (classes.length === 1) return { rollups, retention, classes };
    const present = await this.#reader.catalog.classes(selector);
    return { rollups, retention, classes: present.length > 0 ? present : classes };
  }

  /**
   * Sample counts are stored only where they do not follow from a time (a profile that does not say its period). Where
   * such rows are, they are the answer.
   */
  async #asStored<T extends { selector: Selector; measure: Measure; range: TimeRange }>(
    question: T,
  ): Promise<T> {
    const { selector, measure, range } = question;
    if (!measure.perPeriod) return question;
    const stored = await this.#reader.catalog.types({ ...selector, ...range, types: [measure.type] });
    if (stored.length === 0) return question;
    return { ...question, measure: { ...measure, stored: measure.type, perPeriod: false } };
  }
}
