import type { SampleLabels } from '../model/profile.ts';
import type { StringTable } from '../model/string-table.ts';
import { LABEL, SAMPLE } from './pprof-schema.ts';
import { readString, skipUnknown } from './pprof-tables.ts';
import { type ProtobufReader, WIRE_BYTES } from './protobuf-reader.ts';

const LABEL_TAG = (SAMPLE.label << 3) | WIRE_BYTES;

/**
 * Reads the labels that stand in bytes `start` to `end` of a sample, perhaps among other fields. Of several with one
 * key the last counts; one that has neither text nor number is as good as absent.
 */
export function readLabels(
  reader: ProtobufReader,
  start: number,
  end: number,
  strings: StringTable,
): SampleLabels {
  const text: [key: string, text: string][] = [];
  const numbers: [key: string, number: { value: bigint; unit: string }][] = [];
  const { pos: outerPos, end: outerEnd } = reader;
  reader.pos = start;
  reader.end = end;
  while (reader.find(LABEL_TAG)) {
    let key = 0;
    let str = 0;
    let unit = 0;
    let value: bigint | undefined;
    const outer = reader.enter();
    while (reader.more) {
      const tag = reader.field();
      switch (tag) {
        case LABEL.key << 3:
          key = readString(reader, strings);
          break;
        case LABEL.str << 3:
          str = readString(reader, strings);
          break;
        case LABEL.num << 3:
          value = reader.int64();
          break;
        case LABEL.numUnit << 3:
          unit = readString(reader, strings);
          break;
        default:
          skipUnknown(reader, tag, LABEL.numUnit);
      }
    }
    reader.leave(outer);
    if (str !== 0) text.push([strings.get(key), strings.get(str)]);
    else if (value !== undefined || unit !== 0) {
      numbers.push([strings.get(key), { value: value ?? 0n, unit: strings.get(unit) }]);
    }
  }
  reader.pos = outerPos;
  reader.end = outerEnd;
  return { text: Object.fromEntries(text), numbers: Object.fromEntries(numbers) };
}
