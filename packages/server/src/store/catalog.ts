import type { ProfileKind } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import { compileSeriesFilter, type Filter } from './filter.ts';
import { rowsOf } from './rows.ts';
import { DATABASE } from './schema.ts';

export interface ServiceSummary {
  readonly service: string;
  readonly types: readonly string[];
  /** Unix ms: start of the first and end of the last window. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** What there is: services, types, labels. */
export class Catalog {
  readonly #connection: StoreConnection;

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  services(filter: Filter): Promise<ServiceSummary[]> {
    const { sql, params } = rowsOf(filter, ['service', 'type', 'start', 'end'], { final: false });
    return this.#connection.rows<ServiceSummary>(
      `SELECT toString(service) AS service, arraySort(groupUniqArray(toString(type))) AS types,
        toFloat64(min(start)) AS firstSeen, toFloat64(max(end)) AS lastSeen
      FROM ${sql} GROUP BY service ORDER BY service`,
      params,
    );
  }

  /** Retention classes in which there is something of the selection, whenever. */
  async classes(filter: Pick<Filter, 'services'>): Promise<string[]> {
    const { sql, params } = compileSeriesFilter({ services: filter.services, labels: [] });
    const rows = await this.#connection.rows<{ class: string }>(
      `SELECT DISTINCT toString(class) AS class FROM (
        SELECT class FROM ${DATABASE}.profiles WHERE ${sql} UNION ALL
        SELECT class FROM ${DATABASE}.profiles_1h WHERE ${sql})`,
      params,
    );
    return rows.map((row) => row.class);
  }

  async types(filter: Filter): Promise<{ type: string; kind: ProfileKind }[]> {
    const { sql, params } = compileSeriesFilter(filter);
    return this.#connection.rows(
      `SELECT toString(type) AS type, toString(any(kind)) AS kind FROM ${DATABASE}.series
      WHERE ${sql} GROUP BY type ORDER BY type`,
      params,
    );
  }

  async labelNames(filter: Filter): Promise<string[]> {
    const { sql, params } = compileSeriesFilter(filter);
    const rows = await this.#connection.rows<{ name: string }>(
      `SELECT DISTINCT toString(arrayJoin(mapKeys(labels))) AS name FROM ${DATABASE}.series
      WHERE ${sql} ORDER BY name`,
      params,
    );
    return rows.map(({ name }) => name);
  }

  async labelValues(filter: Filter, label: string, limit: number): Promise<string[]> {
    const { sql, params } = compileSeriesFilter(filter);
    const rows = await this.#connection.rows<{ value: string }>(
      `SELECT DISTINCT labels[{name:String}] AS value FROM ${DATABASE}.series
      WHERE ${sql} AND mapContains(labels, {name:String}) ORDER BY value LIMIT {limit:UInt32}`,
      { ...params, name: label, limit },
    );
    return rows.map(({ value }) => value);
  }

  /** Values of some labels for every service. */
  async serviceLabels(
    filter: Filter,
    names: readonly string[],
  ): Promise<Map<string, Record<string, string[]>>> {
    const { sql, params } = compileSeriesFilter(filter);
    const rows = await this.#connection.rows<{ service: string; name: string; values: string[] }>(
      `SELECT toString(service) AS service, toString(name) AS name, arraySort(groupUniqArray(20)(labels[name])) AS values
      FROM ${DATABASE}.series ARRAY JOIN {names:Array(String)} AS name
      WHERE ${sql} AND mapContains(labels, name) GROUP BY service, name`,
      { ...params, names: [...names] },
    );
    const byService = new Map<string, Record<string, string[]>>();
    for (const { service, name, values } of rows) {
      const labels = byService.get(service) ?? {};
      labels[name] = values;
      byService.set(service, labels);
    }
    return byService;
  }
}
