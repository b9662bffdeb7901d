import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findSegment, type Mappings, readMappings } from './mappings.ts';
import { SourceMaps } from './source-maps.ts';

/** A real bundle, minified, by vite's bundler. */
let folder: string;
let code: string;
let map: { mappings: string; sources: string[]; names: string[] };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'everflame-maps-'));
  const functions = Array.from(
    { length: 300 },
    (_, i) => `export function longNameOfFunction${i}(first: number): number {\n  return first * ${i};\n}\n`,
  );
  writeFileSync(join(folder, 'entry.ts'), functions.join('\n'));
  const uses = Array.from({ length: 300 }, (_, i) => `all.longNameOfFunction${i}(input.length)`);
  writeFileSync(
    join(folder, 'main.ts'),
    `import * as all from './entry.ts';\nconst input = process.argv;\nconsole.log(${uses});`,
  );
  await build({
    root: folder,
    logLevel: 'silent',
    configFile: false,
    build: {
      sourcemap: true,
      minify: true,
      lib: { entry: 'main.ts', formats: ['es'], fileName: () => 'out.js' },
    },
  });
  const { readFileSync } = await import('node:fs');
  code = readFileSync(join(folder, 'dist/out.js'), 'utf8');
  map = JSON.parse(readFileSync(join(folder, 'dist/out.js.map'), 'utf8'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function readAll(text: string): Mappings {
  const reading = readMappings(text);
  for (let step = reading.next(); ; step = reading.next()) if (step.done) return step.value;
}

it("agrees with Node's own reader wherever in a bundle", () => {
  const mappings = readAll(map.mappings);
  const reference = new SourceMap(map as never);
  let compared = 0;
  code.split('\n').forEach((line, i) => {
    for (let column = 0; column < line.length; column++) {
      const entry = reference.findEntry(i, column) as {
        originalLine?: number;
        originalSource?: string;
        generatedLine?: number;
      };
      const segment = findSegment(mappings, i, column);
      if (entry.generatedLine !== i || segment < 0) continue;
      expect(mappings.sourceLine[segment]).toBe(entry.originalLine);
      compared++;
    }
  });
  expect(compared).toBeGreaterThan(1000);
});

it('refuses what is no mapping, and never takes for ever', () => {
  for (const text of ['!!', 'gggggggggggggggggg', 'AAAA;€']) expect(() => readAll(text)).toThrow(SyntaxError);
  expect(readAll('').lines).toEqual([0, 0]);
});

it('finds file, line and original name of a minified function', () => {
  writeFileSync(join(folder, 'a.ts'), 'x');
  // `function n(t){…}` on line 1; `longName` stood on line 3 of a.ts.
  const script = 'function n(t){return t}\n//# sourceMappingURL=small.js.map\n';
  writeFileSync(join(folder, 'small.js'), script);
  const small = { version: 3, sources: ['a.ts'], names: ['longName'], mappings: 'AAEA,SAASA' };
  writeFileSync(join(folder, 'small.js.map'), JSON.stringify(small));
  const found = new SourceMaps().lookUp(join(folder, 'small.js'), 1, 11, 'n');
  expect(found).toEqual({ file: join(folder, 'a.ts'), line: 3, name: 'longName' });
  const inline = `data:application/json;base64,${Buffer.from(JSON.stringify(small)).toString('base64')}`;
  writeFileSync(join(folder, 'inline.js'), script.replace('small.js.map', inline));
  expect(new SourceMaps().lookUp(join(folder, 'inline.js'), 1, 11, 'n')?.line).toBe(3);
});

it('without a map, with a broken one and without the file there is nothing, and nothing thrown', () => {
  writeFileSync(join(folder, 'broken.js'), 'x\n//# sourceMappingURL=broken.js.map\n');
  writeFileSync(join(folder, 'broken.js.map'), '{"mappings": 7');
  for (const name of ['broken.js', 'a.ts', 'gone.js']) {
    expect(new SourceMaps().lookUp(join(folder, name), 1, 1, 'f')).toBeUndefined();
  }
});
