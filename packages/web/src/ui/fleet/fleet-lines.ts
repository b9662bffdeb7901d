import type { FleetRow } from '../../api/types.ts';

/** A line of the grid: a function or module, or under one that is open a service that has it. */
export interface FleetLine {
  readonly key: string;
  readonly row: FleetRow;
  readonly service: string | undefined;
  readonly self: number;
  readonly isOpen: boolean;
}

export function fleetLines(
  rows: readonly FleetRow[],
  open: ReadonlySet<string>,
  filter: string,
): FleetLine[] {
  const wanted = filter.trim().toLowerCase();
  const lines: FleetLine[] = [];
  for (const row of rows) {
    const key = `${row.function}\0${row.module}`;
    if (!key.toLowerCase().includes(wanted)) continue;
    const isOpen = open.has(key);
    lines.push({ key, row, service: undefined, self: row.self, isOpen });
    if (!isOpen) continue;
    for (const { service, self } of row.top) lines.push({ key, row, service, self, isOpen: false });
  }
  return lines;
}
