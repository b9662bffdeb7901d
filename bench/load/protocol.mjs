import { gunzipSync } from 'node:zlib';

/**
 * How each server wants a profile pushed: path, headers, and what goes around the body.
 *
 * @typedef {'everflame' | 'pyroscope'} Target
 * @typedef {{ path: string, headers: Record<string, string>, body: Buffer }} Wire
 */

const BOUNDARY = 'everflame-bench-boundary';
const HEAD = Buffer.from(
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="profile"; filename="profile.pprof"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n',
);
const TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

/**
 * @param {Target} target
 * @param {'pprof' | 'folded'} format
 * @param {import('./fleet.mjs').Push} push
 * @param {Buffer} body gzip
 * @returns {Wire}
 */
export function wireOf(target, format, { service, instance, from, until }, body) {
  const name = encodeURIComponent(`${service}{instance=${instance}}`);
  const path = `/ingest?name=${name}&from=${from}&until=${until}`;
  if (target === 'pyroscope' && format === 'pprof') {
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    return { path, headers, body: Buffer.concat([HEAD, body, TAIL]) };
  }
  if (format === 'folded') return foldedWire(target, `${path}&format=folded&sampleRate=100`, body);
  return { path: `${path}&format=pprof`, headers: { 'content-type': 'application/octet-stream' }, body };
}

/**
 * Folded stacks. Pyroscope takes no compressed text.
 *
 * @param {Target} target
 * @param {string} path
 * @param {Buffer} body gzip
 * @returns {Wire}
 */
function foldedWire(target, path, body) {
  const headers = { 'content-type': 'text/plain' };
  if (target === 'pyroscope') return { path, headers, body: gunzipSync(body) };
  return { path, headers: { ...headers, 'content-encoding': 'gzip' }, body };
}
