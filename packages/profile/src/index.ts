export { BoxTable } from './flamegraph/box-table.ts';
export {
  difference,
  type FunctionChange,
  functionChanges,
  type GraphDifference,
} from './flamegraph/diff.ts';
export {
  type Box,
  boxLocation,
  boxName,
  type FlameGraph,
  pathTo,
  ROOT_BOX,
  subtreeEnd,
} from './flamegraph/flame-graph.ts';
export { FlameGraphBuilder } from './flamegraph/flame-graph-builder.ts';
export { type BuildOptions, FlameTree, type TreeNodes } from './flamegraph/flame-tree.ts';
export { flameGraphOf } from './flamegraph/from-profile.ts';
export { type FunctionTable, functionTable, outermost } from './flamegraph/function-table.ts';
export { findByPathId, formatPathId, pathIds } from './flamegraph/path-ids.ts';
export { type NylasNode, type PlainNode, toNylasTree, toPlainTree } from './flamegraph/plain-tree.ts';
export { eachStack, LEFT_OUT, type OpenStack, rewrite } from './flamegraph/rewrite.ts';
export { type Sandwich, sandwich } from './flamegraph/sandwich.ts';
export { StackTree } from './flamegraph/stack-tree.ts';
export {
  formatTransform,
  parseTransform,
  type Transform,
  type TransformKind,
  transformed,
} from './flamegraph/transform.ts';
export { TreeSelection } from './flamegraph/tree-selection.ts';
export { type TrimOptions, trim } from './flamegraph/trim.ts';
export { decodeFlameGraph, encodeFlameGraph, type WireFlameGraph } from './flamegraph/wire.ts';
export { decodeFolded, encodeFolded, type FoldedOptions, type FoldedProfile } from './formats/folded.ts';
export { FormatError, type FormatErrorCode } from './formats/format-error.ts';
export { gunzip, gzip, isGzip } from './formats/gzip.ts';
export { DEFAULT_LIMITS, type DecodeLimits } from './formats/limits.ts';
export { decodeNylas, encodeNylas, nylasFrame, parseNylasFrame } from './formats/nylas.ts';
export { decodePprof } from './formats/pprof-decode.ts';
export { encodePprof } from './formats/pprof-encode.ts';
export { type ColumnMemory, OWN_MEMORY, ReusedMemory } from './model/column-memory.ts';
export { addressName, EMPTY_FRAME, type Frame, frameAt, stackAt } from './model/frame.ts';
export { hashBytes, hashString, hashWords, IDENTITY_VERSION } from './model/hash64.ts';
export { frameIds, stackIds } from './model/identity.ts';
export {
  isLabelName,
  type Labels,
  labelsKey,
  NO_LABELS,
  SERVICE_LABEL,
  sortedLabels,
} from './model/labels.ts';
export { normalizeProfile } from './model/normalize.ts';
export {
  type FrameTable,
  NO_SAMPLE_LABELS,
  type Profile,
  type SampleLabels,
  type SampleTable,
  type StackTable,
} from './model/profile.ts';
export { asSeriesLabels, ProfileBuilder } from './model/profile-builder.ts';
export {
  CPU_TIME,
  formatProfileType,
  inferProfileType,
  kindOf,
  type ProfileKind,
  type ProfileType,
  parseProfileType,
  profileType,
  WALL_TIME,
} from './model/profile-type.ts';
export { StringTable } from './model/string-table.ts';
