import { createProgram, DEFAULT_STACKS } from './program.mjs';
import { seedOf } from './random.mjs';

/**
 * Services × processes × windows. A load is one or more fleets; each is pushed in the order of its windows.
 *
 * @typedef {object} Fleet
 * @property {number} firstService number of the first service: `svc-00`
 * @property {number} services
 * @property {number} processes of each service
 * @property {number} everySeconds length of a window
 * @property {number} spanSeconds how long all windows are together
 * @property {number} untilSeconds unix time at which the last window ends
 *
 * @typedef {object} Load
 * @property {number} seed
 * @property {'pprof' | 'folded'} format
 * @property {number} stacks distinct stacks of a service
 * @property {number} stacksPerProfile
 * @property {readonly Fleet[]} fleets
 *
 * @typedef {object} Push one profile of one process
 * @property {string} service
 * @property {string} instance
 * @property {number} from unix seconds
 * @property {number} until
 */

export const DEFAULT_LOAD = Object.freeze({
  seed: 1,
  format: /** @type {const} */ ('pprof'),
  stacks: DEFAULT_STACKS,
  stacksPerProfile: 250,
});

/** @param {number} index */
export function serviceName(index) {
  return `svc-${String(index).padStart(2, '0')}`;
}

/** @param {string} service @param {number} process */
export function instanceName(service, process) {
  return `${service}-${process}.example:6060`;
}

/** @param {Fleet} fleet */
export function pushCount(fleet) {
  return fleet.services * fleet.processes * windowCount(fleet);
}

/** Each push of a load with the numbers of its service, process and window. @param {Load} load */
export function* pushes(load) {
  for (const fleet of load.fleets) {
    const windows = windowCount(fleet);
    const start = fleet.untilSeconds - windows * fleet.everySeconds;
    for (let window = 0; window < windows; window++) {
      for (let service = fleet.firstService; service < fleet.firstService + fleet.services; service++) {
        for (let process = 0; process < fleet.processes; process++) {
          const name = serviceName(service);
          const from = start + window * fleet.everySeconds;
          /** @type {Push} */
          const push = {
            service: name,
            instance: instanceName(name, process),
            from,
            until: from + fleet.everySeconds,
          };
          yield { push, service, process, window, seconds: fleet.everySeconds };
        }
      }
    }
  }
}

/** The program of each service, made when it is first asked for. @param {Load} load */
export function programsOf(load) {
  /** @type {Map<number, import('./program.mjs').Program>} */
  const made = new Map();
  return (/** @type {number} */ service) => {
    const program = made.get(service) ?? createProgram(seedOf(load.seed, service), load.stacks);
    made.set(service, program);
    return program;
  };
}

/** @param {Fleet} fleet */
function windowCount(fleet) {
  return Math.max(1, Math.floor(fleet.spanSeconds / fleet.everySeconds));
}
