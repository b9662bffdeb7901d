import { formatMoment, formatTicks, zoneOffset } from '../../format/time.ts';
import { formatCount } from '../../format/units.ts';
import type { HeatMap } from '../../timeline/heat-map.ts';
import { timeTicks } from '../../timeline/ticks.ts';

interface HeatMapPictureProps {
  readonly map: HeatMap;
  readonly from: number;
  readonly until: number;
  readonly words: (value: number) => string;
  readonly chosen: number | undefined;
  onChoose(cell: number): void;
}

/** CSS pixels; widths are shares of a view box, which the page stretches. */
const CELL = 10;

/** How many windows had which value when. The list beneath says the same in words, for the keyboard too. */
export function HeatMapPicture({ map, from, until, words, chosen, onChoose }: HeatMapPictureProps) {
  const { columns, rows, counts, highest, bounds } = map;
  const cells = Array.from(counts, (count, cell) => ({ count, cell })).filter(({ count }) => count > 0);
  const moment = (column: number) => from + ((until - from) * column) / columns;
  const ticks = timeTicks(from, until, 7, zoneOffset);
  const texts = formatTicks(ticks, until - from);
  return (
    <div class="heat">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the list has the same windows for the keys */}
      <svg
        class="heat-cells"
        viewBox={`0 0 ${columns * CELL} ${rows * CELL}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Profiles by time and value: up to ${words(bounds[rows])}`}
        onClick={(event) => {
          const cell = event.target instanceof Element ? event.target.getAttribute('data-cell') : null;
          if (cell !== null) onChoose(Number(cell));
        }}
      >
        {cells.map(({ count, cell }) => {
          const column = cell % columns;
          const row = Math.floor(cell / columns);
          return (
            <rect
              key={cell}
              data-cell={cell}
              class="heat-cell"
              data-chosen={cell === chosen}
              x={column * CELL}
              y={(rows - 1 - row) * CELL}
              width={CELL - 1}
              height={CELL - 1}
              fill-opacity={0.25 + 0.75 * Math.sqrt(count / highest)}
            >
              <title>
                {formatCount(count)} of {words(bounds[row])} to {words(bounds[row + 1])} at{' '}
                {formatMoment(moment(column), until - from)}
              </title>
            </rect>
          );
        })}
      </svg>
      <p class="heat-top">{words(bounds[rows])}</p>
      <p class="heat-foot">0</p>
      <div class="heat-times" aria-hidden="true">
        {ticks.map((tick, i) => (
          <span key={tick} style={{ left: `${((tick - from) / (until - from)) * 100}%` }}>
            {texts[i]}
          </span>
        ))}
      </div>
    </div>
  );
}
