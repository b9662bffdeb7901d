import { boxName, toPlainTree } from '@everflame/profile';
import { useRef } from 'preact/hooks';
import { toCurl, toSql } from '../../export/commands.ts';
import { toSvg } from '../../export/svg.ts';
import { toFolded, toPprof, toSpeedscope } from '../../export/texts.ts';
import { stylesByModule } from '../../flame/node-styles.ts';
import { palette } from '../../flame/palette.ts';
import { typeName } from '../../format/profile-types.ts';
import { formatShare, formatValue } from '../../format/units.ts';
import { picture, question, type ShownGraph, status } from '../../state/data.ts';
import { parseSelector } from '../../state/selector.ts';
import { look } from '../../state/theme.ts';
import { view } from '../../state/view.ts';
import { CopyLine } from '../copy-line.tsx';
import { save, toPng } from './save.ts';
import './export.css';

/** Wide enough for names, and what fits on a page. */
const SVG_WIDTH = 1600;

/** The picture as files, and the question behind it for a shell and for the store. */
export function ExportMenu() {
  const popover = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const shown = picture.value;
  if (!shown) return null;
  const place = () => {
    const at = button.current?.getBoundingClientRect();
    if (!popover.current || !at) return;
    popover.current.style.top = `${Math.min(at.bottom + 6, innerHeight - 420)}px`;
    popover.current.style.right = `${Math.max(8, document.documentElement.clientWidth - at.right)}px`;
  };
  const asked = question.value;
  const { answer } = shown;
  return (
    <>
      <button ref={button} type="button" class="tab tab-button" popovertarget="export">
        Export
      </button>
      <div ref={popover} id="export" class="popover export" popover="auto" onBeforeToggle={place}>
        <p class="export-title">Save what is shown</p>
        <div class="export-files">
          {FILES.map(({ name, run }) => (
            <button key={name} type="button" class="button" onClick={() => void run(shown, fileName(shown))}>
              {name}
            </button>
          ))}
        </div>
        {asked && (
          <>
            <p class="export-title">The same, elsewhere</p>
            <CopyLine text={toCurl(status.value.value?.server ?? location.origin, asked)} />
            <CopyLine text={toSql(asked, answer)} />
            {view.value.do.length > 0 && (
              <p class="hint">These are without what was done to the picture; the files are with it.</p>
            )}
          </>
        )}
      </div>
    </>
  );
}

interface FileKind {
  readonly name: string;
  run(shown: ShownGraph, file: string): void | Promise<void>;
}

const FILES: readonly FileKind[] = [
  {
    name: 'pprof',
    run: ({ graph, answer }, file) => save(`${file}.pb`, 'application/octet-stream', toPprof(graph, answer)),
  },
  { name: 'Folded', run: ({ graph }, file) => save(`${file}.folded.txt`, 'text/plain', toFolded(graph)) },
  {
    name: 'speedscope',
    run: ({ graph, answer }, file) =>
      save(`${file}.speedscope.json`, 'application/json', toSpeedscope(graph, file, answer.unit)),
  },
  {
    name: 'JSON',
    run: ({ graph, answer: { type, unit } }, file) =>
      save(`${file}.json`, 'application/json', JSON.stringify({ type, unit, root: toPlainTree(graph) })),
  },
  { name: 'SVG', run: (shown, file) => save(`${file}.svg`, 'image/svg+xml', svgOf(shown)) },
  { name: 'PNG', run: async (shown, file) => save(`${file}.png`, 'image/png', await toPng(svgOf(shown))) },
];

function svgOf({ graph, layout, answer }: ShownGraph): string {
  const { dark } = look.peek();
  const { fill, text, root, hatch } = palette(dark);
  const styles = stylesByModule(graph);
  const service = view.peek().file || parseSelector(answer.query).service || 'All services';
  return toSvg(layout, {
    width: SVG_WIDTH,
    title: `${service}: ${typeName(answer.type)}, ${formatValue(answer.total, answer.unit)}`,
    colourOf: (node) => (node === 0 ? root : fill[styles[node]]),
    text,
    ground: dark ? '#191614' : '#fbf8f4',
    quiet: hatch,
    describe: (node) =>
      `${node === 0 ? service : boxName(graph.boxes[graph.box[node]])}: ${formatValue(graph.total[node], answer.unit)}, ${formatShare(graph.total[node] / graph.total[0])}`,
    flip: view.peek().flip,
  });
}

/** `shop-cpu-2026-05-01T12-00`: sorts by service and time. */
function fileName({ answer }: ShownGraph): string {
  const service = view.peek().file || parseSelector(answer.query).service || 'all';
  const type = answer.type.split(':')[1] ?? '';
  const at = new Date(answer.from).toISOString().slice(0, 16).replace(':', '-');
  return `${service}-${type}-${at}`.replace(/[^\p{L}\p{N}._-]+/gu, '_');
}
