import { parseProfileType } from '@everflame/profile';
import type { Kind } from '../api/types.ts';

/** U+202F: a number and its unit stay together on a line. */
const THIN = '\u202f';
const MINUS = '\u2212';

/** A value in the unit of its profile type: `1.24 s`, `340 ms`, `2 min 13 s`, `12.4 MiB`, `1,234`. */
export function formatValue(value: number, unit: string): string {
  if (value < 0) return MINUS + formatValue(-value, unit);
  switch (unit) {
    case 'nanoseconds':
      return formatDuration(value / 1e9);
    case 'microseconds':
      return formatDuration(value / 1e6);
    case 'milliseconds':
      return formatDuration(value / 1e3);
    case 'seconds':
      return formatDuration(value);
    case 'bytes':
      return formatBytes(value);
    case 'count':
    case 'objects':
      return formatCount(value);
    default:
      return unit ? `${formatCount(value)}${THIN}${unit}` : formatCount(value);
  }
}

/**
 * A value of the timeline. CPU time per second is cores, watched time per second is threads, other flows are per
 * second, and levels are what they are.
 */
export function formatRate(value: number, type: string, kind: Kind): string {
  const { name = '', sampleUnit = '' } = parseProfileType(type) ?? {};
  if (kind === 'level') return formatValue(value, sampleUnit);
  if (sampleUnit === 'nanoseconds') {
    const perSecond = value / 1e9;
    const one = threeDigits(perSecond) === '1';
    if (name === 'process_cpu') return `${threeDigits(perSecond)} ${one ? 'core' : 'cores'}`;
    if (name === 'wall') return `${threeDigits(perSecond)} ${one ? 'thread' : 'threads'}`;
    return `${formatValue(value, sampleUnit)}/s`;
  }
  return `${formatValue(value, sampleUnit)}/s`;
}

export function formatDuration(seconds: number): string {
  if (seconds === 0) return `0${THIN}s`;
  if (seconds < 0.9995e-6) return `${threeDigits(seconds * 1e9)}${THIN}ns`;
  if (seconds < 0.9995e-3) return `${threeDigits(seconds * 1e6)}${THIN}µs`;
  if (seconds < 0.9995) return `${threeDigits(seconds * 1e3)}${THIN}ms`;
  if (seconds < 59.95) return `${threeDigits(seconds)}${THIN}s`;
  const parts: readonly [number, string, number, string][] = [
    [60, 'min', 1, 's'],
    [3600, 'h', 60, 'min'],
    [86_400, 'd', 3600, 'h'],
  ];
  // The coarsest pair whose first part is at least 1 after rounding: 3,599.7 s is 1 h, not 60 min.
  for (const [big, bigUnit, small, smallUnit] of parts) {
    const inSmall = Math.round(seconds / small);
    const ratio = big / small;
    if (bigUnit !== 'd' && inSmall >= ratio * (bigUnit === 'min' ? 60 : 24)) continue;
    const rest = inSmall % ratio;
    const whole = `${groupDigits(Math.floor(inSmall / ratio))}${THIN}${bigUnit}`;
    return rest ? `${whole} ${rest}${THIN}${smallUnit}` : whole;
  }
  return '';
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${threeDigits(value)}${THIN}${BYTE_UNITS[unit]}`;
}

/** `1,234`, `12.3 k`… Counts below 100,000 are given in full: people compare them digit by digit. */
export function formatCount(value: number): string {
  if (value < 99_999.5) return value < 1000 ? threeDigits(value) : groupDigits(Math.round(value));
  const units = ['k', 'M', 'G', 'T', 'P', 'E'];
  let scaled = value / 1000;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${threeDigits(scaled)}${THIN}${units[unit]}`;
}

/** `1,234 EUR`, `0.56 EUR`. */
export function formatMoney(amount: number, currency: string): string {
  const text = amount >= 100 ? groupDigits(Math.round(amount)) : amount.toFixed(2);
  return currency ? `${text}${THIN}${currency}` : text;
}

/** `12.3 %`; what is there but rounds to nothing is `< 0.01 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (!Number.isFinite(percent)) return '–';
  if (percent < 0) return MINUS + formatShare(-share);
  if (percent === 0) return `0${THIN}%`;
  if (percent < 0.01) return `<${THIN}0.01${THIN}%`;
  if (percent >= 99.95)
    return percent < 100 && percent < 99.995 ? `99.9${THIN}%` : `${groupDigits(Math.round(percent))}${THIN}%`;
  return `${percent < 1 ? trimZeros(percent.toFixed(2)) : trimZeros(percent.toFixed(1))}${THIN}%`;
}

/** At most three digits that say something; whole numbers in full. */
function threeDigits(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 99.95) return groupDigits(Math.round(value));
  if (size >= 9.995) return trimZeros(value.toFixed(1));
  if (size >= 0.0995) return trimZeros(value.toFixed(2));
  if (size >= 0.00001) return trimZeros(value.toFixed(Math.min(7, 1 - Math.floor(Math.log10(size)))));
  return value.toExponential(1);
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function groupDigits(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
