import { request } from 'node:http';

/** A push that nobody takes within this time counts as lost, ms. */
const GIVE_UP_MS = 120_000;
/** One try, ms. */
const TIMEOUT_MS = 60_000;
/** Between two tries where no Retry-After says otherwise, ms. */
const PAUSE_MS = 1000;

/**
 * What became of a push.
 *
 * @typedef {{ ok: boolean, refusals: number, errors: number, answer: string }} Outcome
 *   refusals: 429 and 503; errors: tries without an answer, or with another 5xx
 *
 * @typedef {object} HttpPush
 * @property {import('node:http').Agent} agent
 * @property {URL} base
 * @property {string} path
 * @property {Record<string, string>} headers
 * @property {Buffer} body
 */

/**
 * Pushes until it is acknowledged: the same bytes to the same path, so that a server which took an earlier try counts
 * it once. Waits as long as Retry-After says.
 *
 * @param {HttpPush} push
 * @returns {Promise<Outcome>}
 */
export async function pushUntilTaken(push) {
  const deadline = performance.now() + GIVE_UP_MS;
  const outcome = { ok: false, refusals: 0, errors: 0, answer: '' };
  for (;;) {
    let pause = PAUSE_MS;
    try {
      const { status, retryAfter, text } = await post(push);
      if (status >= 200 && status < 300) return { ...outcome, ok: true, answer: text };
      outcome.answer = `${status} ${text}`;
      if (isOverload(status, text)) outcome.refusals++;
      else if (status >= 500) outcome.errors++;
      else return outcome;
      if (retryAfter > 0) pause = retryAfter * 1000;
    } catch (error) {
      outcome.errors++;
      outcome.answer = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() + pause > deadline) return outcome;
    // Not all at once: up to a quarter later.
    await new Promise((resolve) => setTimeout(resolve, pause * (1 + Math.random() / 4)));
  }
}

/** Pyroscope says with 422 that one of its parts is overloaded. @param {number} status @param {string} text */
function isOverload(status, text) {
  return status === 429 || status === 503 || (status === 422 && text.includes('code = Unavailable'));
}

/**
 * @param {HttpPush} push
 * @returns {Promise<{ status: number, retryAfter: number, text: string }>}
 */
function post({ agent, base, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        host: base.hostname,
        port: base.port,
        path,
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
        timeout: TIMEOUT_MS,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          if (text.length < 2000) text += chunk;
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: Number(response.headers['retry-after'] ?? 0),
            text,
          }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
