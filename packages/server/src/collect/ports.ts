const MAX_PORTS = 10_000;

/**
 * Ports in nylas' spelling: `16384`, `16384,16390`, `16384..16400`, and mixtures.
 *
 * @throws Error with a sentence
 */
export function parsePorts(text: string): number[] {
  const ports = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,5})(?:\.\.(\d{1,5}))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || first < 1 || last > 65_535 || last < first) {
      throw new Error(`ports: ${JSON.stringify(part)} is no port. Write 16384, 16384,16390 or 16384..16400.`);
    }
    for (let port = first; port <= last; port++) ports.add(port);
    if (ports.size > MAX_PORTS) throw new Error(`ports: more than ${MAX_PORTS}.`);
  }
  return [...ports];
}
