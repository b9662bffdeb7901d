import { sparkline } from '../../timeline/text-pen.ts';

const WIDTH = 220;
const HEIGHT = 34;

/** What a service did, in as little room as shows its shape. */
export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const { line, area } = sparkline(values, WIDTH, HEIGHT);
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path class="spark-area" d={area} />
      <path class="spark-line" d={line} />
    </svg>
  );
}
