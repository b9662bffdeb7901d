const S = 1000;
const M = 60 * S;
const H = 60 * M;
const TIME_STEPS = [S, 2 * S, 5 * S, 10 * S, 30 * S, M, 2 * M, 5 * M, 10 * M, 15 * M, 30 * M].concat([
  H,
  2 * H,
  3 * H,
  6 * H,
  12 * H,
  24 * H,
  48 * H,
  168 * H,
]);

/**
 * Round local times between two moments, unix ms: midnight is midnight here, not in Greenwich.
 *
 * @param most how many there is room for
 * @param offset ms that the clocks are ahead of UTC at a moment
 */
export function timeTicks(
  from: number,
  until: number,
  most: number,
  offset: (at: number) => number,
): number[] {
  const wanted = (until - from) / Math.max(1, most);
  const longest = TIME_STEPS[TIME_STEPS.length - 1];
  const step = TIME_STEPS.find((one) => one >= wanted) ?? Math.ceil(wanted / longest) * longest;
  const zone = offset(from);
  const ticks: number[] = [];
  for (let at = Math.ceil((from + zone) / step) * step - zone; at <= until; at += step) ticks.push(at);
  return ticks;
}

/**
 * Round values from 0 up to `highest`: 1, 2, 5 times a power of ten, or powers of two for bytes.
 *
 * @param most how many above 0 there is room for
 */
export function valueTicks(highest: number, most: number, isBytes: boolean): number[] {
  if (!(highest > 0)) return [];
  const wanted = highest / Math.max(1, most);
  const step = isBytes ? 2 ** Math.ceil(Math.log2(wanted)) : decimalStep(wanted);
  const ticks: number[] = [];
  for (let i = 0; i * step <= highest; i++) ticks.push(i * step);
  return ticks;
}

function decimalStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  const factor = [1, 2, 5].find((one) => one * power >= wanted * (1 - 1e-9)) ?? 10;
  return factor * power;
}
