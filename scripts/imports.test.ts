import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * The rooms and the arrows between them: a room may import itself and what its list names. This is the picture in
 * ARCHITECTURE.md, made to hold. Packages are named as imported; `npm` is any library, `node` Node's own modules.
 */
const ARROWS: Record<string, string[]> = {
  'profile/model': [],
  'profile/formats': ['profile/model'],
  'profile/flamegraph': ['profile/model'],
  profile: ['profile/model', 'profile/formats', 'profile/flamegraph'],
  agent: ['@everflame/profile', 'node', 'npm'],
  web: ['@everflame/profile', 'npm'],
  'server/base': ['node'],
  'server/store': ['server/base', '@everflame/profile', 'node', 'npm'],
  'server/ingest': ['server/base', 'server/control', 'server/store', '@everflame/profile', 'node', 'npm'],
  'server/collect': ['server/base', 'server/store', '@everflame/profile', 'node', 'npm'],
  'server/control': ['server/base', 'node'],
  'server/query': ['server/base', 'server/store', '@everflame/profile', 'node', 'npm'],
  'server/api': ['server/base', 'server/control', 'server/query', '@everflame/profile', 'node', 'npm'],
  'server/cli': [
    'server/base',
    'server/store',
    'server/ingest',
    'server/collect',
    'server/control',
    'server/query',
    'server/api',
    '@everflame/profile',
    '@everflame/agent',
    'node',
    'npm',
  ],
};

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../packages');

/** `packages/server/src/store/x.ts` → `server/store`; files of a package without rooms belong to the package. */
function roomOf(file: string): string {
  const [name, , ...rest] = relative(packages, file).split('/');
  const room = rest.length > 1 ? `${name}/${rest[0]}` : name;
  return room in ARROWS ? room : name;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name === 'node_modules' || entry.name === 'dist' ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) && !/\.(test|d)\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** What a file imports, as rooms. */
function importsOf(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(
    ([, specifier]) => specifier,
  );
  return specifiers.map((specifier) => {
    if (specifier.startsWith('.')) return roomOf(resolve(dirname(file), specifier));
    if (specifier.startsWith('node:')) return 'node';
    if (specifier === 'everflame' || specifier.startsWith('@everflame/')) return specifier;
    return 'npm';
  });
}

function wrongArrows(file: string, text: string): string[] {
  const room = roomOf(file);
  return importsOf(file, text)
    .filter((target) => target !== room && !ARROWS[room]?.includes(target))
    .map((target) => `${relative(packages, file)}: ${room} → ${target}`);
}

describe('imports', () => {
  const files = ['profile', 'agent', 'server', 'web'].flatMap((name) => sources(join(packages, name, 'src')));

  it('run along the allowed arrows only', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap((file) => wrongArrows(file, readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('would be caught if they did not', () => {
    const wrong: [file: string, text: string, arrow: string][] = [
      ['server/src/store/x.ts', "import { a } from '../query/query.ts';", 'server/store → server/query'],
      ['server/src/ingest/x.ts', "export * from '../api/errors.ts';", 'server/ingest → server/api'],
      ['server/src/api/x.ts', "import type { S } from '../store/store.ts';", 'server/api → server/store'],
      [
        'server/src/api/x.ts',
        "const a = await import('../collect/collector.ts');",
        'server/api → server/collect',
      ],
      ['profile/src/model/x.ts', "import { gunzipSync } from 'node:zlib';", 'profile/model → node'],
      ['profile/src/formats/x.ts', "import pako from 'pako';", 'profile/formats → npm'],
      ['web/src/ui/x.tsx', "import { serve } from 'everflame';", 'web → everflame'],
      ['agent/src/x.ts', "import { Store } from '../../server/src/store/store.ts';", 'agent → server/store'],
    ];
    for (const [file, text, arrow] of wrong) {
      expect(wrongArrows(join(packages, file), text)).toEqual([`${file}: ${arrow}`]);
    }
  });
});
