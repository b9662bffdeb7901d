import { addressName } from '../model/frame.ts';
import type { Profile } from '../model/profile.ts';
import type { FlameGraph } from './flame-graph.ts';
import { FlameGraphBuilder } from './flame-graph-builder.ts';

/** The flame graph of one profile's values of one type. */
export function flameGraphOf(profile: Profile, typeIndex = profile.defaultType): FlameGraph {
  const { frames, strings, stacks, samples } = profile;
  const builder = new FlameGraphBuilder();
  const boxOfFrame = Uint32Array.from({ length: frames.length }, (_, i) =>
    builder.box({
      function: strings.get(frames.function[i]) || addressName(frames.address[i]),
      module: strings.get(frames.module[i]),
      file: strings.get(frames.file[i]),
    }),
  );
  const boxes = stacks.frames.map((frame) => boxOfFrame[frame]);
  const values = samples.values[typeIndex];
  for (let i = 0; i < samples.length; i++) {
    const stack = samples.stack[i];
    builder.add(boxes, Number(values[i]), stacks.offsets[stack], stacks.offsets[stack + 1]);
  }
  return builder.build();
}
