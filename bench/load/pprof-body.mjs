import { gzipSync } from 'node:zlib';
import { PROGRAM, VDSO } from './program.mjs';
import { ProtobufWriter } from './protobuf-writer.mjs';

/** What Go's CPU profiler does: 100 times a second. */
export const PERIOD_NANOS = 10_000_000;

const NANOS_PER_SECOND = 1e9;
/** Level 1, as Go's runtime writes its profiles. */
const GZIP = { level: 1 };

const message = new ProtobufWriter();
const inner = new ProtobufWriter();
const out = new ProtobufWriter();

/**
 * A CPU profile as Go writes it (https://github.com/google/pprof/blob/main/proto/profile.proto): samples/count and
 * cpu/nanoseconds; ids of locations and functions 1, 2, 3, … in the order in which they are met; gzip. It does not say
 * when it was taken, so that the window that it is pushed with holds for every server and the bytes can be used again.
 *
 * @param {import('./program.mjs').Program} program
 * @param {import('./window.mjs').Window} window
 * @param {number} seconds length of the window
 */
export function pprofBody(program, window, seconds) {
  const strings = new Numbers([Buffer.alloc(0)]);
  /** @type {Map<string, number>} */
  const texts = new Map([['', 0]]);
  const text = (/** @type {string} */ value) => {
    const known = texts.get(value);
    if (known !== undefined) return known;
    const index = strings.add(Buffer.from(value));
    texts.set(value, index);
    return index;
  };
  /** @type {Map<number, number>} */
  const locationIds = new Map();
  /** @type {Map<number, number>} */
  const functionIds = new Map();

  out.clear();
  valueType(1, text('samples'), text('count'));
  valueType(1, text('cpu'), text('nanoseconds'));
  for (let i = 0; i < window.stacks.length; i++) {
    const stack = program.stacks[window.stacks[i]];
    message.clear();
    inner.clear();
    for (let at = stack.length - 1; at >= 0; at--) inner.varint(idOf(locationIds, stack[at]));
    message.bytesField(1, inner.bytes);
    inner.clear();
    inner.varint(window.counts[i]);
    inner.varint(window.counts[i] * PERIOD_NANOS);
    message.bytesField(2, inner.bytes);
    out.bytesField(2, message.bytes);
  }
  mapping(
    1,
    PROGRAM,
    PROGRAM + 0x100_0000,
    text('/usr/local/bin/server'),
    text('4f2b9c0d1e5a7788aa01b2c3d4e5f60718293a4b'),
  );
  mapping(2, VDSO, VDSO + 0x2000, text('[vdso]'), 0);
  for (const [index, id] of locationIds) {
    const { address, mapping: mappingId, lines } = program.locations[index];
    message.clear();
    message.number(1, id);
    message.number(2, mappingId);
    message.number(3, address);
    for (const line of lines) {
      inner.clear();
      inner.number(1, idOf(functionIds, line.function));
      inner.number(2, line.line);
      message.bytesField(4, inner.bytes);
    }
    out.bytesField(4, message.bytes);
  }
  for (const [index, id] of functionIds) {
    const { name, file, startLine } = program.functions[index];
    message.clear();
    message.number(1, id);
    message.number(2, text(name));
    message.number(3, text(name));
    message.number(4, text(file));
    message.number(5, startLine);
    out.bytesField(5, message.bytes);
  }
  for (const bytes of strings.all) out.bytesField(6, bytes);
  out.number(10, seconds * NANOS_PER_SECOND);
  valueType(11, text('cpu'), text('nanoseconds'));
  out.number(12, PERIOD_NANOS);
  return { body: gzipSync(out.bytes, GZIP), rawBytes: out.bytes.length };
}

/** Things in the order in which they came. */
class Numbers {
  /** @param {Buffer[]} all */
  constructor(all) {
    this.all = all;
  }

  /** @param {Buffer} one */
  add(one) {
    return this.all.push(one) - 1;
  }
}

/** @param {Map<number, number>} ids @param {number} index */
function idOf(ids, index) {
  const known = ids.get(index);
  if (known !== undefined) return known;
  const id = ids.size + 1;
  ids.set(index, id);
  return id;
}

/** @param {number} field @param {number} type @param {number} unit */
function valueType(field, type, unit) {
  message.clear();
  message.number(1, type);
  message.number(2, unit);
  out.bytesField(field, message.bytes);
}

/** @param {number} id @param {number} start @param {number} limit @param {number} file @param {number} buildId */
function mapping(id, start, limit, file, buildId) {
  message.clear();
  message.number(1, id);
  message.number(2, start);
  message.number(3, limit);
  message.number(5, file);
  message.number(6, buildId);
  message.number(7, 1);
  out.bytesField(3, message.bytes);
}
