import {
  CPU_TIME,
  decodeFlameGraph,
  type FlameGraph,
  findByPathId,
  formatProfileType,
  parseTransform,
  pathIds,
  subtreeEnd,
  transformed,
} from '@everflame/profile';
import { computed, effect, signal, untracked } from '@preact/signals';
import type { FlameGraphAnswer, Fleet, Overview, Service, Status, Timeline } from '../api/types.ts';
import { type FlameLayout, layOut } from '../flame/layout.ts';
import { chooseService, chooseType, OWN_SERVICE, typesOf } from './choice.ts';
import { clock } from './clock.ts';
import type { Range } from './range.ts';
import { Resource } from './resource.ts';
import { parseSelector } from './selector.ts';
import { isPicture, navigate, view } from './view.ts';

/** In place of a label to split by: all of them are shown side by side. */
export const EVERY_LABEL = '*';

/** What came with a graph. */
export type Answer = Omit<FlameGraphAnswer, 'graph'>;

export interface ShownGraph {
  readonly answer: Answer;
  readonly graph: FlameGraph;
  readonly layout: FlameLayout;
}

export const status = new Resource<Status, Status>('status', (raw) => raw);
export const services = new Resource<{ services: Service[] }, Service[]>('services', (raw) => raw.services);
export const timeline = new Resource<Timeline, Timeline>('timeline', (raw) => raw);
export const graph = new Resource<FlameGraphAnswer, ShownGraph>('flamegraph', (raw) => {
  // The wire form is let go: at a million nodes its arrays weigh more than the graph itself.
  const { graph: wire, ...answer } = raw;
  const decoded = decodeFlameGraph(wire);
  return { answer, graph: decoded, layout: layOut(decoded) };
});
export const labels = new Resource<{ labels: string[] }, string[]>('labels', (raw) => raw.labels);
/** All services side by side, for the first page. */
export const overview = new Resource<Overview, Overview>('overview', (raw) => raw);
/** Functions across all services. */
export const fleet = new Resource<Fleet, Fleet>('fleet', (raw) => raw);
/** CPU time of all services, to tell which is the busiest; asked for only by a page without `query`. */
const busiest = new Resource<Timeline, Timeline>('timeline', (raw) => raw);

/** What the timeline shows where it is not what is asked for: a comparison shows both of its times, or versions. */
export const timelineRange = signal<(Partial<Range> & { query?: string; by?: string }) | undefined>(
  undefined,
);

/** Width of the flame graph in CSS pixels, upwards to full 200: a window being resized does not ask at every step. */
export const flameWidth = signal(Math.ceil(window.innerWidth / 200) * 200);
/** Boxes narrower than half a pixel are not asked for; less after a click on what was left out. */
const detail = signal({ focus: '', factor: 1 });

/** The type that is shown: what the URL says, else the service's first. */
export const type = computed(() => {
  const { query, type: wanted } = view.value;
  if (wanted !== undefined || query === undefined) return wanted;
  // Nearly all have CPU time: it is asked for without waiting to hear which types there are.
  if (!services.value.value) return formatProfileType(CPU_TIME);
  return (
    chooseType(typesOf(services.value.value ?? [], parseSelector(query).service), undefined) ??
    formatProfileType(CPU_TIME)
  );
});

/** A file that was dropped onto the page, in place of what is stored. */
export const dropped = signal<(ShownGraph & { readonly name: string }) | undefined>(undefined);

/** The types that the file has. */
export const droppedTypes = signal<readonly string[]>([]);

/** Whether the page shows a file. */
export const showsFile = computed(() => view.value.file !== '');

/** What both pictures are asked by; undefined while the page does not know yet what to show, or shows something else. */
export const question = computed(() => {
  const { query, from, until } = view.value;
  if (!isPicture.value || showsFile.value) return undefined;
  return query === undefined || type.value === undefined
    ? undefined
    : { query, type: type.value, from, until };
});

const ids = new WeakMap<FlameGraph, Uint32Array>();

export function pathIdsOf(of: FlameGraph): Uint32Array {
  const known = ids.get(of) ?? pathIds(of);
  ids.set(of, known);
  return known;
}

/** What was done to the picture; what the page cannot read of it is left out. */
export const transforms = computed(() =>
  view.value.do.map(parseTransform).filter((one) => one !== undefined),
);
const transformKey = computed(() => view.value.do.join('\n'));

/** What came from the store, or from a file, as it came. */
export const source = computed<ShownGraph | undefined>(() =>
  showsFile.value ? dropped.value : graph.value.value,
);

/** What is drawn: the source, with what was done to it. */
export const picture = computed<ShownGraph | undefined>(() => {
  const from = source.value;
  if (!from || transformKey.value === '') return from;
  const made = transformed(from.graph, transforms.peek());
  return { answer: { ...from.answer, total: made.total[0] }, graph: made, layout: layOut(made) };
});

/** Sums over functions need every box, however small: these views ask for all. */
const wantsAll = computed(() => {
  const { view: name } = view.value;
  return (
    name === 'table' || name === 'sandwich' || name === 'tree' || name === 'diff' || transformKey.value !== ''
  );
});

/** The node of the shown graph that the URL zooms into; -1 where the graph does not have it. */
export const focusNode = computed(() => {
  const { focus } = view.value;
  const shown = picture.value;
  if (!shown || focus === '') return 0;
  return findByPathId(shown.graph, focus, pathIdsOf(shown.graph));
});

export function moreDetail(): void {
  const { focus, factor } = detail.peek();
  const now = view.peek().focus;
  detail.value = { focus: now, factor: (focus === now ? factor : 1) / 20 };
}

/** Asks for everything again now. */
export function reload(): void {
  clock.tick();
}

export function startLoading(): void {
  void status.load({});
  effect(() => {
    clock.servicesTicks.value;
    void services.load({});
  });
  effect(chooseWhatToShow);
  effect(() => {
    clock.ticks.value;
    const asked = question.value;
    const { by } = view.value;
    const range = timelineRange.value;
    if (asked)
      untracked(() =>
        timeline.load({
          ...asked,
          by: by === EVERY_LABEL ? undefined : by || undefined,
          points: 300,
          ...range,
        }),
      );
  });
  effect(() => {
    const asked = question.value;
    if (asked) untracked(() => labels.load({ query: parseSelector(asked.query).service, type: asked.type }));
  });
  effect(loadGraph);
  effect(() => {
    clock.servicesTicks.value;
    const { view: name, from, until } = view.value;
    if (name === 'home') untracked(() => overview.load({ from, until, points: 60 }));
  });
}

let lastTick = -1;
let lastQuestion = '';

function loadGraph(): void {
  const tick = clock.ticks.value;
  const asked = question.value;
  const { focus } = view.value;
  const { focus: detailed, factor } = detail.value;
  const min = wantsAll.value ? 0 : (0.5 / flameWidth.value) * (detailed === focus ? factor : 1);
  if (!asked) return;
  const key = JSON.stringify({ ...asked, min });
  const same = key === lastQuestion && tick === lastTick;
  // Zooming into what is here in full needs no request; the next tick brings it anyway.
  if (same && untracked(() => isHereInFull(focus))) return;
  lastQuestion = key;
  lastTick = tick;
  // Of a picture that something was done to, boxes have other paths than on the server.
  const wanted = wantsAll.value ? undefined : focus || undefined;
  untracked(() => graph.load({ ...asked, focus: wanted, min: min === 0 ? 0 : min.toPrecision(3) }));
}

function isHereInFull(focus: string): boolean {
  const shown = graph.value.value;
  if (!shown || graph.pending.value) return false;
  if (focus === '') return true;
  const node = focusNode.value;
  if (node < 0) return false;
  const end = subtreeEnd(shown.graph, node);
  for (let i = node; i < end; i++) if (shown.graph.hidden[i] > 0) return false;
  return true;
}

/** A page without `query` or `type` chooses them once and says so in the URL. */
function chooseWhatToShow(): void {
  const known = services.value.value;
  if (!known || known.length === 0 || !isPicture.value || showsFile.value) return;
  const { query, from, until } = view.value;
  if (query !== undefined) {
    if (
      view.value.type === undefined &&
      type.value !== undefined &&
      type.value !== formatProfileType(CPU_TIME)
    ) {
      navigate({ type: type.value }, 'replace');
    }
    return;
  }
  const several = known.filter(({ service }) => service !== OWN_SERVICE).length > 1;
  const work = busiest.value.value;
  if (several && !work && !busiest.error.value) {
    untracked(() => busiest.load({ query: '', from, until, by: 'service_name', points: 20 }));
    return;
  }
  const service = chooseService(known, several ? (work?.groups ?? []) : []);
  if (service !== undefined) navigate({ query: service }, 'replace');
}
