import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import './virtual-grid.css';

/** CSS pixels, as the styles have it. */
const ROW = 30;
/** Rows above and below those that are seen, so that a quick wheel does not show a gap. */
const SPARE = 8;

interface VirtualGridProps {
  readonly id: string;
  readonly label: string;
  readonly role?: 'grid' | 'treegrid';
  /** Class that says the columns. */
  readonly columns: string;
  readonly head: ComponentChildren;
  readonly count: number;
  /** Row that the keys are at. */
  readonly active: number;
  readonly cells: (row: number) => ComponentChildren;
  readonly rowAttributes?: (row: number) => Readonly<Record<string, string | number | boolean>>;
  onActive(row: number): void;
  onOpen(row: number): void;
  /** Keys beyond those that every grid has; true where it was one. */
  onKey?(key: string, row: number): boolean;
  onMenu?(row: number, x: number, y: number): void;
}

/**
 * A grid of which only the rows that are seen are in the document. The keys walk it as a grid's do: the focus is on the
 * whole, and the row that they are at is the active descendant.
 */
export function VirtualGrid(props: VirtualGridProps) {
  const { id, label, role = 'grid', columns, head, count, active, cells, rowAttributes } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const seen = useSignal({ top: 0, height: 600 });
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () => {
      seen.value = { top: element.scrollTop, height: element.clientHeight };
    };
    measure();
    const resizes = new ResizeObserver(measure);
    resizes.observe(element);
    return () => resizes.disconnect();
  }, []);
  useEffect(() => {
    const element = scroller.current;
    if (!element || active < 0 || !element.contains(document.activeElement)) return;
    const top = active * ROW;
    const room = element.clientHeight - 2 * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + room) element.scrollTop = top - room;
  }, [active]);

  const first = Math.max(0, Math.floor(seen.value.top / ROW) - SPARE);
  const last = Math.min(count, Math.ceil((seen.value.top + seen.value.height) / ROW) + SPARE);
  const shown = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  if (active >= 0 && active < count && (active < first || active >= last)) shown.push(active);

  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(seen.value.height / ROW) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: count - 1,
    };
    if (event.key in steps) props.onActive(Math.max(0, Math.min(count - 1, steps[event.key])));
    else if (event.key === 'Enter' && active >= 0) props.onOpen(active);
    else if (event.key === 'm' && active >= 0 && props.onMenu) {
      const at = document.getElementById(`${id}-${active}`)?.getBoundingClientRect();
      props.onMenu(active, (at?.left ?? 0) + 40, at?.bottom ?? 0);
    } else if (!props.onKey?.(event.key, active)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is a grid's, of one kind or the other
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: as above
    <div
      ref={scroller}
      class={`vgrid ${columns}`}
      role={role}
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-activedescendant={active >= 0 && active < count ? `${id}-${active}` : undefined}
      onScroll={(event) => {
        const { scrollTop, clientHeight } = event.currentTarget;
        seen.value = { top: scrollTop, height: clientHeight };
      }}
      onKeyDown={keys}
    >
      <div class="vgrid-head" role="row" aria-rowindex={1}>
        {head}
      </div>
      <div class="vgrid-body" role="rowgroup" style={{ height: `${count * ROW}px` }}>
        {shown.map((row) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the grid's
          <div
            key={row}
            id={`${id}-${row}`}
            class="vgrid-row"
            role="row"
            aria-rowindex={row + 2}
            aria-selected={row === active}
            style={{ transform: `translateY(${row * ROW}px)` }}
            onClick={() => props.onActive(row)}
            onDblClick={() => props.onOpen(row)}
            onContextMenu={(event) => {
              if (!props.onMenu) return;
              event.preventDefault();
              props.onMenu(row, event.clientX, event.clientY);
            }}
            {...rowAttributes?.(row)}
          >
            {cells(row)}
          </div>
        ))}
      </div>
    </div>
  );
}
