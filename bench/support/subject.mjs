/**
 * A server that is measured: Everflame, or a peer that gets the same load in the same run.
 *
 * @typedef {object} Subject
 * @property {import('../load/protocol.mjs').Target} target
 * @property {string} name for the head of a column
 * @property {string} url
 * @property {number} pid
 * @property {string} dataDir all that it keeps
 * @property {number} startSeconds from its start until it answered that it is ready
 * @property {(question: Question) => Promise<Answer>} ask
 * @property {(signal?: NodeJS.Signals) => Promise<void>} stop the data stays
 * @property {() => string} log
 *
 * @typedef {object} Question
 * @property {'tree' | 'timeline'} kind
 * @property {string} [service] every service where it is left out
 * @property {string} [instance]
 * @property {number} from unix seconds
 * @property {number} until
 * @property {string} [by] label that a timeline is split by
 *
 * @typedef {object} Answer
 * @property {number} milliseconds until the last byte
 * @property {number} bytes
 * @property {number} total CPU time in a tree, ns; 0 for timelines
 * @property {readonly string[]} tables that were read, where the server says
 * @property {string} refusal why there is no answer; empty where there is one
 */

/** @param {string} url @param {RequestInit} [init] */
export async function timed(url, init) {
  const start = performance.now();
  const response = await fetch(url, init);
  const text = await response.text();
  const milliseconds = performance.now() - start;
  const refusal = response.ok ? '' : `${response.status} ${text.slice(0, 300)}`;
  return { milliseconds, bytes: Buffer.byteLength(text), text, refusal };
}

/**
 * An object from outside, as something whose fields can be asked for.
 *
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
export function parseObject(text) {
  const value = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error(`no object: ${text.slice(0, 100)}`);
  return value;
}
