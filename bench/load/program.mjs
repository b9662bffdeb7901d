import { createRandom, seedOf, zipf } from './random.mjs';

/**
 * A made-up program as a sampler sees it: what its stacks look like, and how often each is met.
 *
 * @typedef {object} Program
 * @property {readonly ProgramFunction[]} functions
 * @property {readonly Location[]} locations
 * @property {readonly Uint32Array[]} stacks indices of locations, root first
 * @property {Float64Array} weights sums, for `drawFrom`
 *
 * @typedef {object} ProgramFunction
 * @property {string} name as Go writes it: `github.com/acme/shop/cart.(*Store).Load`
 * @property {string} short as nylas' sampler and folded files write it
 * @property {string} module
 * @property {string} file
 * @property {number} startLine
 *
 * @typedef {object} Location
 * @property {number} address
 * @property {number} mapping 1: the program, 2: the vdso
 * @property {readonly { function: number, line: number }[]} lines innermost first; two where one was inlined
 */

/** Where the program and the vdso lie. */
export const PROGRAM = 0x40_0000;
export const VDSO = 0x7ffd_0000_0000;

/** What a service of middle size shows in an hour. */
export const DEFAULT_STACKS = 4000;
const FUNCTIONS = 620;
const LOCATIONS = 1300;
/** Share of locations where a function was inlined into another. */
const INLINED = 0.15;
const SHALLOWEST = 8;
const DEEPEST = 60;
/** How often a stack follows a way that another took before it: the trunk of the tree is shared, its crown is not. */
const FOLLOWS = 0.975;

const PACKAGES = [
  'runtime net/http encoding/json database/sql context bufio crypto/tls compress/gzip reflect sync sort strconv',
  'google.golang.org/grpc google.golang.org/grpc/internal/transport google.golang.org/protobuf/proto',
  'github.com/jackc/pgx/v5 github.com/jackc/pgx/v5/pgconn github.com/prometheus/client_golang/prometheus',
  ...[
    'cart',
    'pricing',
    'stock',
    'session',
    'orders/ledger',
    'orders/refund',
    'search/index',
    'search/rank',
  ].map((name) => `github.com/acme/shop/internal/${name}`),
].flatMap((line) => line.split(' '));
const TYPES =
  'Client Server conn Store Handler decodeState encoder Pool Cursor Ledger Ranker Index Batch Writer';
const VERBS =
  'Load Store parse decode encode serve handle write read flush lookup rank merge scan apply validate next';
const NOUNS =
  'Request Row Value Frame Header Batch Item Stack Token Page Order Price Entry Block Key Response';

/**
 * @param {number} seed the same seed makes the same program
 * @param {number} stackCount distinct stacks
 * @returns {Program}
 */
export function createProgram(seed, stackCount = DEFAULT_STACKS) {
  const random = createRandom(seedOf(seed, 1));
  const pick = (/** @type {readonly string[]} */ from) => from[Math.floor(random() * from.length)];
  const words = [TYPES, VERBS, NOUNS].map((text) => text.split(' '));

  const functions = Array.from({ length: FUNCTIONS }, (_, i) => {
    const module = pick(PACKAGES);
    const method = `${pick(words[1])}${pick(words[2])}${i % 7 === 0 ? '.func1' : ''}${i}`;
    const short = random() < 0.6 ? `(*${pick(words[0])}).${method}` : method;
    const file = `/home/build/go/src/${module}/${pick(words[2]).toLowerCase()}_${i % 11}.go`;
    return { name: `${module}.${short}`, short, module, file, startLine: 10 + Math.floor(random() * 900) };
  });

  /** @type {Location[]} */
  const locations = [];
  const lineCounts = new Uint32Array(FUNCTIONS);
  for (let i = 0; i < LOCATIONS; i++) {
    const line = () => {
      const index = Math.floor(random() ** 1.4 * FUNCTIONS);
      // No two are alike: stacks that differ for the generator must differ for the server.
      lineCounts[index] += 1 + Math.floor(random() * 4);
      return { function: index, line: functions[index].startLine + lineCounts[index] };
    };
    const lines = random() < INLINED ? [line(), line()] : [line()];
    const isKernel = i % 400 === 399;
    const address = isKernel ? VDSO + i : PROGRAM + i * 0x1a7 + Math.floor(random() * 0x100);
    locations.push({ address, mapping: isKernel ? 2 : 1, lines });
  }
  return {
    functions,
    locations,
    stacks: growStacks(stackCount, locations.length, random),
    weights: zipf(stackCount, 1),
  };
}

/**
 * A tree grown stack by stack: mostly along what is there, branching somewhere.
 *
 * @param {number} count
 * @param {number} locations
 * @param {import('./random.mjs').Random} random
 */
function growStacks(count, locations, random) {
  /** @type {Node} */
  const root = { location: -1, children: [], ends: false };
  const stacks = [];
  while (stacks.length < count) {
    const depth = SHALLOWEST + Math.floor((DEEPEST - SHALLOWEST + 1) * random() ** 1.8);
    const path = [];
    let at = root;
    while (path.length < depth) {
      const follows = at.children.length > 0 && random() < FOLLOWS;
      let next = follows ? at.children[Math.floor(random() ** 2 * at.children.length)] : undefined;
      if (!next) {
        const location = Math.floor(random() ** 2.6 * locations);
        // The same call from the same place is the same way, not a second one.
        next = at.children.find((child) => child.location === location) ?? addChild(at, location);
      }
      path.push(next.location);
      at = next;
    }
    if (at.ends) continue;
    at.ends = true;
    stacks.push(Uint32Array.from(path));
  }
  // The order in which they grew says how well-trodden a stack is: weights must not follow it.
  for (let i = stacks.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [stacks[i], stacks[j]] = [stacks[j], stacks[i]];
  }
  return stacks;
}

/** @typedef {{ location: number, children: Node[], ends: boolean }} Node */

/** @param {Node} parent @param {number} location @returns {Node} */
function addChild(parent, location) {
  /** @type {Node} */
  const child = { location, children: [], ends: false };
  parent.children.push(child);
  return child;
}
