import type { IdSet } from './id-set.ts';
import { IdTable } from './id-table.ts';
import type { KnownNames } from './known-names.ts';
import { NativeBlock } from './native-block.ts';
import { mondayOf, type NewNames } from './new-names.ts';
import type { PreparedPush, SeriesRow } from './series-rows.ts';

/** A name of a group: row `index` of the columns that `names` has. */
interface Pick {
  readonly service: string;
  readonly names: NewNames;
  readonly index: number;
}

/** What a group of pushes names that is not known to be in the store, each once. */
export class GroupNames {
  readonly #known: KnownNames;
  readonly #knownSeries: IdSet;
  readonly #frames: Pick[] = [];
  readonly #stacks: Pick[] = [];
  readonly #series: { readonly row: SeriesRow; readonly week: number }[] = [];
  readonly #seen = { frames: new IdTable(), stacks: new IdTable(), series: new IdTable() };
  readonly #learned: { readonly set: IdSet; readonly low: number; readonly high: number }[] = [];

  constructor(known: KnownNames, knownSeries: IdSet) {
    this.#known = known;
    this.#knownSeries = knownSeries;
  }

  collect({ service, startNanos, names, rows }: PreparedPush): void {
    const { salt } = names;
    for (const row of rows) {
      const low = (Number(row.series & 0xffffffffn) ^ salt[0]) >>> 0;
      const high = (Number(row.series >> 32n) ^ salt[1]) >>> 0;
      if (!this.#isNew(this.#knownSeries, this.#seen.series, low, high)) continue;
      this.#series.push({ row, week: mondayOf(startNanos) });
    }
    // Asked again: another push of the same stack may have been written since this one was decoded.
    const pick = (of: 'frames' | 'stacks', ids: Uint32Array, picks: Pick[]) => {
      for (let index = 0; index * 2 < ids.length; index++) {
        const low = (ids[index * 2] ^ salt[0]) >>> 0;
        const high = (ids[index * 2 + 1] ^ salt[1]) >>> 0;
        if (this.#isNew(this.#known[of], this.#seen[of], low, high)) picks.push({ service, names, index });
      }
    };
    pick('stacks', names.stackIds, this.#stacks);
    pick('frames', names.frameIds, this.#frames);
  }

  *blocks(): Generator<[table: string, block: NativeBlock]> {
    if (this.#frames.length > 0) yield ['frames', framesBlock(this.#frames)];
    if (this.#stacks.length > 0) yield ['stacks', stacksBlock(this.#stacks)];
    if (this.#series.length > 0) yield ['series', seriesBlock(this.#series)];
  }

  /** To be called once the group is on disk, and not before. */
  remember(): void {
    for (const { set, low, high } of this.#learned) set.add(low, high);
  }

  #isNew(known: IdSet, seen: IdTable, low: number, high: number): boolean {
    if (known.has(low, high) || !seen.add(low, high)) return false;
    this.#learned.push({ set: known, low, high });
    return true;
  }
}

function framesBlock(picks: readonly Pick[]): NativeBlock {
  const tables = picks.map(({ names }) => names.strings);
  const texts = (column: 'function' | 'systemName' | 'file' | 'module' | 'buildId') =>
    picks.map(({ names, index }) => names.frames[column][index]);
  const words = (column: 'line' | 'startLine') =>
    new Uint32Array(picks.map(({ names, index }) => names.frames[column][index]));
  return new NativeBlock(picks.length)
    .strings('service', services(picks))
    .numbers('week', 'Date', weeks(picks))
    .numbers('frame', 'UInt64', ids(picks, 'frameIds'))
    .texts('function', tables, texts('function'))
    .texts('system_name', tables, texts('systemName'))
    .texts('file', tables, texts('file'))
    .texts('module', tables, texts('module'))
    .texts('build_id', tables, texts('buildId'))
    .numbers('line', 'UInt32', words('line'))
    .numbers('start_line', 'UInt32', words('startLine'))
    .numbers(
      'address',
      'UInt64',
      new BigUint64Array(picks.map(({ names, index }) => names.frames.address[index])),
    )
    .numbers(
      'inlined',
      'UInt8',
      new Uint8Array(picks.map(({ names, index }) => names.frames.inlined[index])),
    );
}

function stacksBlock(picks: readonly Pick[]): NativeBlock {
  return new NativeBlock(picks.length)
    .strings('service', services(picks))
    .numbers('week', 'Date', weeks(picks))
    .numbers('stack', 'UInt64', ids(picks, 'stackIds'))
    .arrays(
      'frames',
      'UInt64',
      picks.map(({ names: { stackFrames, stackOffsets }, index }) =>
        stackFrames.subarray(stackOffsets[index], stackOffsets[index + 1]),
      ),
    );
}

function seriesBlock(series: readonly { readonly row: SeriesRow; readonly week: number }[]): NativeBlock {
  return new NativeBlock(series.length)
    .strings(
      'service',
      series.map(({ row }) => row.service),
    )
    .numbers('week', 'Date', new Uint16Array(series.map(({ week }) => week)))
    .strings(
      'type',
      series.map(({ row }) => row.type),
    )
    .numbers('series', 'UInt64', new BigUint64Array(series.map(({ row }) => row.series)))
    .strings(
      'kind',
      series.map(({ row }) => row.kind),
    )
    .maps(
      'labels',
      series.map(({ row }) => row.labels),
    );
}

function services(picks: readonly Pick[]): string[] {
  return picks.map(({ service }) => service);
}

function weeks(picks: readonly Pick[]): Uint16Array {
  return Uint16Array.from(picks, ({ names }) => names.week);
}

function ids(picks: readonly Pick[], column: 'stackIds' | 'frameIds'): BigUint64Array {
  const words = new Uint32Array(picks.length * 2);
  picks.forEach(({ names, index }, i) => {
    words[i * 2] = names[column][index * 2];
    words[i * 2 + 1] = names[column][index * 2 + 1];
  });
  return new BigUint64Array(words.buffer);
}
