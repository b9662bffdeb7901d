/**
 * Whether a server has what it acknowledged: CPU time of each service over the whole range, to the nanosecond.
 *
 * @typedef {{ exact: boolean, wrong: string[] }} Comparison
 *
 * @param {import('./subject.mjs').Subject} subject
 * @param {Record<string, number>} nanosByService
 * @param {{ from: number, until: number }} range unix seconds
 * @returns {Promise<Comparison>}
 */
export async function compareTotals(subject, nanosByService, range) {
  /** @type {string[]} */
  const wrong = [];
  for (const [service, nanos] of Object.entries(nanosByService)) {
    const { total, refusal } = await subject.ask({ kind: 'tree', service, ...range });
    if (refusal !== '') wrong.push(`${service}: ${refusal}`);
    else if (total !== nanos) wrong.push(`${service}: ${total} ns where ${nanos} were acknowledged`);
  }
  return { exact: wrong.length === 0, wrong };
}

/** For a cell of a table. @param {Comparison} comparison */
export function describeTotals({ exact, wrong }) {
  return exact ? 'exact' : `${wrong.length} WRONG`;
}
