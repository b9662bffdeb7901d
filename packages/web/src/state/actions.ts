import { formatPathId, formatTransform, SERVICE_LABEL, type Transform } from '@everflame/profile';
import type { Deploy } from '../timeline/deploys.ts';
import { chooseType, typesOf } from './choice.ts';
import { graph, moreDetail, pathIdsOf, picture, services, showsFile, type } from './data.ts';
import { isLive, nearestPreset, pinned, type Range, widened } from './range.ts';
import { formatSelector, withLabel, withoutLabel } from './selector.ts';
import type { PICTURES, ViewState } from './url.ts';
import { isPicture, navigate, trail, view } from './view.ts';

type PictureName = (typeof PICTURES)[number];

/** What a user can do, each as one step in the history. */

export function showService(service: string): void {
  const types = typesOf(services.value.value ?? [], service);
  navigate({
    ...(isPicture.peek() ? {} : { view: 'flame', sort: '' }),
    query: formatSelector({ service, matchers: '' }),
    type: chooseType(types, type.value),
    focus: '',
    by: '',
    base: undefined,
    file: '',
  });
}

/** Shows the picture in another way. What was sorted there is not sorted here. */
export function showAs(name: PictureName, change: Partial<ViewState> = {}): void {
  navigate({ view: name, sort: '', ...change });
}

/** The version that appeared against the one before it, over the range that is shown. */
export function compareVersions({ version, previous }: Deploy): void {
  const plain = withoutLabel(view.peek().query ?? '', 'version');
  navigate({
    view: 'diff',
    query: withLabel(plain, 'version', version),
    base: previous === undefined ? plain : withLabel(plain, 'version', previous),
    baseFrom: undefined,
    baseUntil: undefined,
    sort: '',
    focus: '',
    by: '',
  });
}

export function addTransform(transform: Transform): void {
  const text = formatTransform(transform);
  const { do: done } = view.peek();
  if (done.at(-1) !== text) navigate({ do: [...done, text], focus: '' });
}

/** Takes back a step and those after it: they were done to its result. */
export function undoTransform(index: number): void {
  navigate({ do: view.peek().do.slice(0, index), focus: '' });
}

export function showType(wanted: string): void {
  // Boxes keep their place from one type to another: what is zoomed into stays so where it is there.
  navigate({ type: wanted });
}

export function showRange(range: Range): void {
  navigate({ from: range.from, until: range.until }, 'push', { outer: [] });
}

/** From a stretch of the timeline, in unix ms. @param other the other side of a comparison */
export function selectRange(from: number, until: number, other = false): void {
  if (other && view.peek().view === 'diff') {
    const range = pinned(from, until);
    navigate({ baseFrom: range.from, baseUntil: range.until });
    return;
  }
  const { from: oldFrom, until: oldUntil } = view.peek();
  const outer = [...trail.peek().outer, { from: oldFrom, until: oldUntil }];
  navigate(pinned(from, until), 'push', { outer });
}

/** Back to the range from which this one was dragged; with none known, to three times as much. */
export function leaveRange(): void {
  const { outer } = trail.peek();
  const answer = graph.value.peek()?.answer;
  const back = outer.at(-1);
  if (back) navigate(back, 'push', { outer: outer.slice(0, -1) });
  else if (answer && !isLive(view.peek())) navigate(widened(answer.from, answer.until, Date.now()), 'push');
}

/** Stops the clock: the range that is seen now, said in full, so that a link shows the same. */
export function pause(): void {
  const answer = graph.value.peek()?.answer;
  if (!answer) return;
  const { from, until } = view.peek();
  navigate(pinned(answer.from, answer.until), 'push', { outer: [{ from, until }] });
}

/** The clock goes on: in the live range that was paused, else in one of about the same length. */
export function goLive(): void {
  const paused = trail.peek().outer.find(isLive);
  const answer = graph.value.peek()?.answer;
  const seconds = answer ? (answer.until - answer.from) / 1000 : 900;
  navigate(paused ?? { from: nearestPreset(seconds).from, until: 'now' }, 'push', { outer: [] });
}

export function zoomInto(node: number): void {
  const shown = picture.peek();
  if (!shown) return;
  const focus = node === 0 ? '' : formatPathId(pathIdsOf(shown.graph), node);
  if (focus === view.peek().focus && !showsFile.peek()) moreDetail();
  else navigate({ focus }, 'push', { zoomed: true });
}

/** Out of the box that is zoomed into: one step back where it was zoomed into here, else to the whole. */
export function zoomOut(): void {
  if (view.peek().focus === '') return;
  if (trail.peek().zoomed) history.back();
  else navigate({ focus: '' });
}

export function search(text: string): void {
  navigate({ search: text }, 'replace');
}

export function splitBy(label: string): void {
  navigate({ by: label });
}

export function narrowTo(label: string, value: string): void {
  if (label === SERVICE_LABEL) showService(value);
  else navigate({ query: withLabel(view.peek().query ?? '', label, value), by: '' });
}
