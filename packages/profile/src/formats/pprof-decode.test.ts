import { describe, expect, test } from 'vitest';
import { frameAt, stackAt } from '../model/frame.ts';
import { formatProfileType } from '../model/profile-type.ts';
import { FormatError } from './format-error.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { decodePprof } from './pprof-decode.ts';
import { checkProfile, plainProfile, protobuf, stackLines } from './testing.ts';

// Field numbers stand in pprof-schema.ts. String 1 is cpu, 2 nanoseconds, and so on.
const STRINGS = [
  '',
  'cpu',
  'nanoseconds',
  'main',
  'work',
  'inner',
  'app.go',
  '/bin/app',
  'b1d',
  'key',
  'val',
];
const strings = STRINGS.map((text) => `6:"${text}"`).join(' ');
const cpu = '1:{1:1 2:2}';
/** main, work and inner, with ids 1, 2, 3. */
const functions = '5:{1:1 2:3 3:3 4:6 5:10} 5:{1:2 2:4 3:4} 5:{1:3 2:5 3:10}';
const mapping = '3:{1:1 2:0x400000 3:0x500000 4:0x1000 5:7 6:8}';
/** main and work. */
const locations = '4:{1:1 2:1 3:0x401234 4:{1:1 2:12}} 4:{1:2 2:1 3:0x401235 4:{1:2 2:20}}';
const tables = [mapping, locations, functions, strings].join(' ');

function decode(...parts: string[]) {
  const profile = decodePprof(protobuf(parts.join(' ')));
  checkProfile(profile);
  return profile;
}

describe('decodePprof', () => {
  test('turns stacks root first', () => {
    const profile = decode(cpu, '2:{1:[2 1] 2:[7]}', tables);
    expect(profile.types.map(formatProfileType)).toEqual(['process_cpu:cpu:nanoseconds:cpu:nanoseconds']);
    expect(stackLines(profile)).toEqual(['main;work 7']);
    expect(stackAt(profile, 0)[0]).toEqual({
      function: 'main',
      systemName: '',
      file: 'app.go',
      module: '/bin/app',
      buildId: '',
      line: 12,
      startLine: 10,
      address: 0n,
      inlined: false,
    });
  });

  test('reads the tables in any order, and among fields that it does not know', () => {
    const [first, second] = locations.split(/ (?=4:\{1:2 2:1)/);
    const unknown = '99:5 15:3 100:"text"';
    const profile = decode(
      ...[cpu, strings.slice(0, 12), unknown, functions, first, '2:{1:[2 1] 2:[3] 9:9}'],
      ...[unknown, strings.slice(12), second, '2:{1:[1] 2:[4]}', mapping],
    );
    expect(stackLines(profile)).toEqual(['main;work 3', 'main 4']);
  });

  test('a location of several lines is a frame and what was inlined into it', () => {
    const lines = '4:{1:1 4:{1:3 2:33} 4:{1:2 2:22 3:7} 4:{1:1 2:11}}';
    const stack = stackAt(decode(cpu, '2:{1:[1] 2:[1]}', lines, functions, strings), 0);
    expect(stack.map((frame) => [frame.function, frame.systemName, frame.line, frame.inlined])).toEqual([
      ['main', '', 11, false],
      ['work', '', 22, true],
      ['inner', 'val', 33, true],
    ]);
  });

  test('a location without lines is an address in the file', () => {
    // The third is below the start of its mapping: wrong, but then as pprof computes it.
    const bare = '4:{1:1 2:1 3:0x401234} 4:{1:2 2:0 3:0xffffffff80000001} 4:{1:3 2:1 3:0x3f0000}';
    const profile = decode(cpu, '2:{1:[3 2 1] 2:[1]}', mapping, bare, strings);
    const frames = [0, 1, 2].map((i) => frameAt(profile, i));
    expect(frames.map(({ module, buildId, address }) => [module, buildId, address])).toEqual([
      ['/bin/app', 'b1d', 0x2234n],
      ['', '', 0xffff_ffff_8000_0001n],
      ['/bin/app', 'b1d', 2n ** 64n - 0xf000n],
    ]);
    expect(frames.every((frame) => frame.function === '')).toBe(true);
  });

  test('a function without a name has its system name; without either its frames keep the address', () => {
    const profile = decode(cpu, mapping, locations, '5:{1:1 3:3} 5:{1:2 4:6}', strings);
    expect(frameAt(profile, 0)).toMatchObject({ function: 'main', systemName: '', address: 0n, buildId: '' });
    expect(frameAt(profile, 1)).toMatchObject({
      function: '',
      file: 'app.go',
      line: 20,
      buildId: 'b1d',
      address: 0x2235n,
    });
  });

  test.each([
    [5n, 3n],
    [2n ** 53n, 2n ** 53n + 1n],
    [2n ** 64n - 1n, 2n ** 32n],
    [2n ** 31n, 1_000_000n],
    [1n, 2n ** 32n + 1n],
  ])('ids are any 64-bit numbers: %d and %d', (a, b) => {
    const profile = decode(
      ...[cpu, `2:{1:${a} 1:${b} 2:[1]} 2:{1:[${b}] 2:[2]} 3:{1:${b} 5:7}`],
      ...[`4:{1:${b} 2:${b} 4:{1:${a} 2:1}} 4:{1:${a} 2:${b} 4:{1:${b} 2:1}}`],
      ...[`5:{1:${b} 2:4} 5:{1:${a} 2:3}`, strings],
    );
    expect(stackLines(profile)).toEqual(['main;work 1', 'main 2']);
    expect(frameAt(profile, 0).module).toBe('/bin/app');
  });

  test.each(['1:[2 1] 2:[7 8]', '1:2 1:1 2:7 2:8', '1:[2] 2:[7] 1:[1] 2:[8]', '2:7 1:2 2:[8] 1:[1] 1:[]'])(
    'repeated numbers may be packed or not, and in several pieces: %s',
    (sample) => {
      expect(stackLines(decode(cpu, cpu, `2:{${sample}}`, tables))).toEqual(['main;work 7 8']);
    },
  );

  test('samples with the same locations share a stack, with the same labels a label set', () => {
    const label = '3:{1:9 2:10}';
    const samples = `2:{1:[2 1] 2:[1] ${label}} 2:{1:[1] 2:[2]} 2:{1:[2 1] 2:[-3] ${label}}`;
    const profile = decode(cpu, samples, tables);
    expect([...profile.samples.stack]).toEqual([0, 1, 0]);
    expect([...profile.samples.labels]).toEqual([1, 0, 1]);
    expect(profile.samples.values).toEqual([BigInt64Array.of(1n, 2n, -3n)]);
    expect(profile.labelSets).toEqual([
      { text: {}, numbers: {} },
      { text: { key: 'val' }, numbers: {} },
    ]);
  });

  test('labels are text or numbers with a unit; the last of a key counts; one with neither does not', () => {
    const labels = '3:{1:9 2:3} 3:{1:4 3:-5} 3:{1:1 3:0 4:2} 3:{1:9 2:10} 3:{1:5}';
    const [sample] = plainProfile(decode(cpu, `2:{2:[1] ${labels}}`, strings)).samples;
    expect(sample).toEqual({
      stack: [],
      values: [1n],
      text: { key: 'val' },
      numbers: { work: { value: -5n, unit: '' }, cpu: { value: 0n, unit: 'nanoseconds' } },
    });
  });

  test('a label may have any name', () => {
    const profile = decode(cpu, '2:{2:[1] 3:{1:1 2:2}} 6:"" 6:"__proto__" 6:"x"');
    expect(Object.entries(profile.labelSets[1].text)).toEqual([['__proto__', 'x']]);
  });

  test('reads what there is about the profile as a whole', () => {
    const whole = '7:3 8:4 9:1700000000123456789 10:-1 11:{1:1 2:2} 12:10000000 13:[9 10] 13:3 14:1';
    expect(decode(cpu, '1:{1:4 2:2}', strings, whole)).toMatchObject({
      dropFrames: 'main',
      keepFrames: 'work',
      startNanos: 1_700_000_000_123_456_789n,
      durationNanos: -1n,
      period: 10_000_000n,
      comments: ['key', 'val', 'main'],
      defaultType: 0,
    });
  });

  test('the default type is the last where none is named, or one that is not there', () => {
    expect(decode(cpu, '1:{1:4 2:2}', strings).defaultType).toBe(1);
    expect(decode(cpu, '1:{1:4 2:2}', strings, '14:3').defaultType).toBe(1);
  });

  test('line numbers that are negative or past 32 bits are unknown', () => {
    const lines = [-1n, 2n ** 32n, 2n ** 32n - 1n].map((line, i) => `4:{1:${i + 1} 4:{1:1 2:${line}}}`);
    const profile = decode(cpu, ...lines, '5:{1:1 2:3 5:-3}', strings);
    expect([...profile.frames.line]).toEqual([0, 0, 2 ** 32 - 1]);
    expect([...profile.frames.startLine]).toEqual([0, 0, 0]);
  });

  test('names that are not UTF-8 keep their bytes', () => {
    const bytes = protobuf([cpu, locations, functions, mapping, strings].join(' '));
    const at = new TextDecoder('latin1').decode(bytes).indexOf('main');
    bytes[at + 1] = 0xff;
    const { strings: table, frames } = decodePprof(bytes);
    const name = frames.function[0];
    expect(table.get(name)).toBe('m\ufffdin');
    expect([...table.bytes.subarray(table.starts[name], table.ends[name])]).toEqual([0x6d, 0xff, 0x69, 0x6e]);
  });

  test('a profile of nothing needs no strings', () => {
    expect(decode('9:1')).toMatchObject({ types: [], samples: { length: 0 } });
  });
});

describe('decodePprof refuses', () => {
  test.each([
    ['an unknown location', 'names a location', `${cpu} 2:{1:[3] 2:[1]} ${tables}`],
    ['location 0', 'names a location', `${cpu} 2:{1:[0] 2:[1]} ${tables}`],
    ['an unknown unpacked location', 'names a location', `${cpu} 2:{1:0x10000000001 2:1} ${tables}`],
    ['an unknown function', 'names a function', `${cpu} 4:{1:3 4:{1:4}} ${tables}`],
    ['function 0', 'names a function', `${cpu} 4:{1:3 4:{2:7}} ${tables}`],
    ['an unknown mapping', 'names a mapping', `4:{1:3 2:2} ${tables}`],
    ['two locations with one id', 'location 2 has an id that another has', `4:{1:1} ${tables}`],
    ['two functions with one id', 'function 2 has an id', `5:{1:1} ${tables}`],
    ['a mapping without id', 'mapping 1 has no id', `3:{5:7} ${tables}`],
    ['too few values', '0 values where there are 1 types', `${cpu} 2:{1:[1]} ${tables}`],
    ['too many values', 'more than 1 values', `${cpu} 2:{1:[1] 2:1 2:1} ${tables}`],
    ['too many packed values', 'more than 1 values', `${cpu} 2:{2:[0 0]} ${tables}`],
    ['samples without types', 'no value types', `2:{1:[1] 2:[1]} ${tables}`],
    ['a string that is not there', 'no string', `5:{1:9 2:99} ${tables}`],
    ['a type that is not there', 'no string 99', `1:{1:99} ${tables}`],
    ['a first string', 'the first string', `${cpu} 6:"x"`],
    ['a sample that is a number', 'wire type 0 instead of 2', `${cpu} 2:1`],
    ['a time that is text', 'wire type 2 instead of 0', `${cpu} 9:"now"`],
    ['a function name that is text', 'wire type 2', `${cpu} 5:{2:"main"} ${strings}`],
    ['a list that ends inside a number', 'past the end', `${cpu} 2:{2:[1] 1:"\u00e9"} ${tables}`],
  ])('%s', (_, message, text) => {
    const bytes = protobuf(text);
    expect(() => decodePprof(bytes)).toThrow(FormatError);
    expect(() => decodePprof(bytes)).toThrow(
      expect.objectContaining({
        code: 'malformed',
        message: expect.stringContaining(message),
        at: { byte: expect.any(Number) },
      }),
    );
  });

  test.each([
    ['nothing', []],
    ['gzip', [0x1f, 0x8b, 8, 0]],
    ['folded text', [...new TextEncoder().encode('a;b 1\n')]],
    ['JSON', [...new TextEncoder().encode('{"a": 1}')]],
  ])('%s as another format', (_, bytes) => {
    const code = 'wrong_format';
    expect(() => decodePprof(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code }));
  });

  const limited = protobuf(`${cpu} 2:{1:[2 1] 2:[1] 3:{1:9 2:10} 3:{1:9 2:10}} 2:{1:[1] 2:[1]} ${tables}`);
  const enough = {
    bytes: limited.length,
    strings: 11,
    stringBytes: 11,
    frames: 3,
    depth: 2,
    stackFrames: 3,
    samples: 2,
    types: 1,
    labels: 2,
  };

  test.each([
    ['bytes', limited.length - 1],
    ['strings', 10],
    ['stringBytes', 10],
    ['frames', 2],
    ['depth', 1],
    ['stackFrames', 2],
    ['samples', 1],
    ['types', 0],
    ['labels', 1],
  ])('what passes the limit on %s', (limit, value) => {
    checkProfile(decodePprof(limited, enough));
    const code = 'too_large';
    expect(() => decodePprof(limited, { ...enough, [limit]: value })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('more inlined lines than a stack may have frames', () => {
    const bytes = protobuf(`${cpu} 4:{1:9 ${'4:{1:1} '.repeat(100)}} ${tables}`);
    expect(() => decodePprof(bytes, { ...DEFAULT_LIMITS, depth: 99 })).toThrow('more than 99');
    expect(decodePprof(bytes, { ...DEFAULT_LIMITS, depth: 100 }).frames.length).toBe(102);
  });

  test('what says that it is large, before it takes memory for it', () => {
    const before = process.memoryUsage().arrayBuffers;
    // A string, a list of locations and one of values that say they have 1 GiB.
    for (const start of ['32', '12 06 0a', '12 06 12']) {
      const bytes = Uint8Array.from(`${start} 80 80 80 80 04`.split(' '), (byte) =>
        Number.parseInt(byte, 16),
      );
      expect(() => decodePprof(bytes)).toThrow(FormatError);
    }
    // Samples that are empty, of which each would have 32 values.
    const types = `${cpu} `.repeat(32);
    expect(() => decodePprof(protobuf(`${types} ${'2:{} '.repeat(100_000)}`))).toThrow('fewer values');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
  });
});
