import type { Frame } from './frame.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { rowsOf, type StackNode, type Window } from './window.ts';

/**
 * A window as pprof (https://github.com/google/pprof/blob/main/proto/profile.proto), one value type for each of the
 * window's. Times are whole nanoseconds. The module of a frame goes where Python's agent has it, too: into a mapping.
 */
export function encodePprof(window: Window): Uint8Array {
  const out = new ProtobufWriter(64 << 10);
  const strings = new Map<string, number>([['', 0]]);
  const locations = new Map<Frame, number>();
  const mappings = new Map<string, number>();
  const id = <T>(table: Map<T, number>, key: T, first: number): number => {
    let found = table.get(key);
    if (found === undefined) {
      found = table.size + first;
      table.set(key, found);
    }
    return found;
  };
  const string = (text: string) => id(strings, text, 0);

  for (const { name, unit } of window.types) {
    out.message(1, (type) => {
      type.number(1, string(name));
      type.number(2, string(unit));
    });
  }
  for (const { node, row } of rowsOf(window)) {
    const values = window.types.map((_, i) => Math.round(row.values[i] ?? 0));
    if (values.every((value) => value === 0)) continue;
    out.message(2, (sample) => {
      sample.numbers(
        1,
        leafFirst(node, (frame) => id(locations, frame, 1)),
      );
      sample.numbers(2, values);
      for (const [name, value] of row.labels.pairs) {
        sample.message(3, (label) => {
          label.number(1, string(name));
          label.number(2, string(value));
        });
      }
    });
  }
  for (const [frame, number] of locations) {
    out.message(4, (location) => {
      location.number(1, number);
      if (frame.module !== '') location.number(2, id(mappings, frame.module, 1));
      location.message(4, (line) => {
        line.number(1, number);
        line.number(2, frame.startLine);
      });
    });
    out.message(5, (called) => {
      called.number(1, number);
      called.number(2, string(frame.name));
      called.number(4, string(frame.file));
      called.number(5, frame.startLine);
    });
  }
  for (const [module, number] of mappings) {
    out.message(3, (mapping) => {
      mapping.number(1, number);
      mapping.number(5, string(module));
      mapping.number(7, 1);
    });
  }
  const [cpu, nanoseconds] = [string('cpu'), string('nanoseconds')];
  for (const text of strings.keys()) out.text(6, text);
  out.number(9, window.startNanos);
  out.number(10, window.endNanos - window.startNanos);
  out.message(11, (type) => {
    type.number(1, cpu);
    type.number(2, nanoseconds);
  });
  if (window.rate > 0) out.number(12, Math.round(1e9 / window.rate));
  return out.finish();
}

function* leafFirst(node: StackNode, location: (frame: Frame) => number): Generator<number> {
  for (let at: StackNode | undefined = node; at?.frame !== undefined; at = at.parent)
    yield location(at.frame);
}
