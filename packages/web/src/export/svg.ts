import { boxName } from '@everflame/profile';
import { type FlameLayout, isHidden, nodeOf } from '../flame/layout.ts';
import { eachRun } from '../flame/viewport.ts';

export interface SvgLook {
  readonly width: number;
  readonly title: string;
  /** By node. */
  readonly colourOf: (node: number) => string;
  readonly text: string;
  readonly ground: string;
  readonly quiet: string;
  /** What a box says of itself. */
  readonly describe: (node: number) => string;
  readonly flip: boolean;
}

const ROW = 18;
const HEAD = 34;
/** About the width of a letter at 12 px: an SVG cannot measure. */
const LETTER = 6.6;

/** The flame graph as an SVG without a script: names in full stand in titles, which a pointer shows. */
export function toSvg(layout: FlameLayout, look: SvgLook): string {
  const { width, flip } = look;
  const { graph, rows } = layout;
  const height = HEAD + rows * ROW + 8;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="${look.ground}"/>`,
    `<text x="8" y="22" font-size="14" font-weight="600" fill="${look.text}">${escaped(look.title)}</text>`,
  ];
  for (let row = 0; row < rows; row++) {
    const y = HEAD + (flip ? rows - 1 - row : row) * ROW;
    eachRun(layout, row, { left: 0, right: 1 }, width, (first, last, x0, x1) => {
      const entry = layout.entry[(first + last) >>> 1];
      const node = nodeOf(entry);
      const hidden = isHidden(entry);
      const wide = Math.max(0.3, x1 - x0 - 0.6);
      const place = `x="${x0.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${ROW - 1}"`;
      if (first !== last) {
        parts.push(`<rect ${place} fill="${look.colourOf(node)}" opacity="0.7"/>`);
        return;
      }
      const name = hidden ? '' : boxName(graph.boxes[graph.box[node]]) || look.title;
      const fits = Math.floor((wide - 8) / LETTER);
      const label = name.length <= fits ? name : fits >= 3 ? `${name.slice(0, fits - 1)}…` : '';
      parts.push(
        `<g><title>${escaped(look.describe(node))}</title><rect ${place} rx="2" fill="${hidden ? look.quiet : look.colourOf(node)}"/>`,
        label
          ? `<text x="${(x0 + 4).toFixed(1)}" y="${y + 12.5}" fill="${look.text}">${escaped(label)}</text></g>`
          : '</g>',
      );
    });
  }
  return `${parts.join('\n')}\n</svg>\n`;
}

/** For text and attributes of XML, without the control characters that XML has no way to write. */
function escaped(text: string): string {
  return text
    .slice(0, 2000)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
