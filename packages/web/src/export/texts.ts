import {
  type Box,
  boxName,
  eachStack,
  encodePprof,
  type FlameGraph,
  LEFT_OUT,
  ProfileBuilder,
  parseProfileType,
  profileType,
} from '@everflame/profile';

/** `main;serve(http);parse(json) 1234`, one line for each stack: what flamegraph.pl, speedscope and others read. */
export function toFolded(graph: FlameGraph): string {
  const names = [...graph.boxes, LEFT_OUT].map((box) => boxName(box).replace(/[;\n\r]/g, ' ') || '(no name)');
  const lines: string[] = [];
  eachStack(graph, ({ boxes, length }, value) => {
    if (length === 0) return;
    const stack = Array.from(boxes.subarray(0, length), (box) => names[box]).join(';');
    lines.push(`${stack} ${Math.round(value)}`);
  });
  return `${lines.join('\n')}\n`;
}

const SPEEDSCOPE_UNITS: Readonly<Record<string, string>> = {
  nanoseconds: 'nanoseconds',
  microseconds: 'microseconds',
  milliseconds: 'milliseconds',
  seconds: 'seconds',
  bytes: 'bytes',
};

/** @see https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources */
export function toSpeedscope(graph: FlameGraph, name: string, unit: string): string {
  const frames = [...graph.boxes, LEFT_OUT].map((box) => ({
    name: boxName(box) || '(all)',
    ...(box.file && { file: box.file }),
  }));
  const samples: number[][] = [];
  const weights: number[] = [];
  eachStack(graph, ({ boxes, length }, value) => {
    samples.push(Array.from(boxes.subarray(0, length)));
    weights.push(value);
  });
  return JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: 'everflame',
    name,
    activeProfileIndex: 0,
    shared: { frames },
    profiles: [
      {
        type: 'sampled',
        name,
        unit: SPEEDSCOPE_UNITS[unit] ?? 'none',
        startValue: 0,
        endValue: weights.reduce((sum, one) => sum + one, 0),
        samples,
        weights,
      },
    ],
  });
}

interface Window {
  /** Profile type as text. */
  readonly type: string;
  readonly from: number;
  readonly until: number;
}

/** The picture as one profile: a box is a frame, so that lines and addresses, which it has merged, are not in it. */
export function toPprof(graph: FlameGraph, { type, from, until }: Window): Uint8Array {
  const builder = new ProfileBuilder([parseProfileType(type) ?? profileType('unknown', 'value', 'count')]);
  const frames = [...graph.boxes, LEFT_OUT].map(({ function: name, module, file }: Box) =>
    builder.frame({ function: name || '(no name)', module, file }),
  );
  eachStack(graph, ({ boxes, length }, value) => {
    const stack = builder.stack(Array.from(boxes.subarray(0, length), (box) => frames[box]));
    builder.sample(stack, [BigInt(Math.round(value))]);
  });
  const nanos = (ms: number) => BigInt(Math.round(ms)) * 1_000_000n;
  return encodePprof(
    builder.build({ startNanos: nanos(from), durationNanos: nanos(Math.max(0, until - from)) }),
  );
}
