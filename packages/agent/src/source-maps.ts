import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findSegment, type Mappings, readMappings } from './mappings.ts';

/** Where a function stands in what people wrote. */
export interface OriginalPosition {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly name: string;
}

interface LoadedMap {
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly mappings: Mappings;
}

/** A map up to this size is read on the spot: a few milliseconds, once for each file of a program. */
const SMALL_BYTES = 256 * 1024;
/** On the spot, so much for each window: a program of a thousand files is not held up for all of them at once. */
const BUDGET_MS = 20;
/** Larger ones are not read: parsing their JSON alone would hold up the program for more than 100 ms. */
const LARGEST_BYTES = 16 * 1024 * 1024;
/** The comment is at the end of a script. */
const TAIL_BYTES = 2048;
const COMMENT = /\/\/[#@] ?sourceMappingURL=([^\s'"]+)\s*$/;

/**
 * Source maps of the scripts that are seen in profiles, by the comment at their end
 * (https://tc39.es/ecma426/#sec-linking-generated-code). Small ones are there at once; larger ones are read in the
 * background, and until they are a frame says where it stands in the script itself.
 */
export class SourceMaps {
  readonly #maps = new Map<string, LoadedMap | undefined>();
  #budget = BUDGET_MS;

  /** A window closes: new time for what is read on the spot. */
  refill(milliseconds = BUDGET_MS): void {
    this.#budget = milliseconds;
  }

  /** `line` and `column` from 1, as V8 says where a function starts; undefined where there is no map (yet). */
  lookUp(script: string, line: number, column: number, name: string): OriginalPosition | undefined {
    if (!this.#maps.has(script) && this.#budget > 0) {
      const began = performance.now();
      this.#maps.set(script, undefined);
      try {
        this.#load(script);
      } catch {
        // Not on the disk, no map, or one that is no map: the script itself is what there is to see.
      }
      this.#budget -= performance.now() - began;
    }
    const map = this.#maps.get(script);
    return map && find(map, line - 1, Math.max(0, column - 1), name);
  }

  #load(script: string): void {
    const url = readComment(script);
    if (url === undefined) return;
    if (url.startsWith('data:')) {
      const data = url.slice(url.indexOf(',') + 1);
      const text = /^data:[^,]*;base64,/.test(url)
        ? Buffer.from(data, 'base64').toString()
        : decodeURIComponent(data);
      this.#maps.set(script, parseNow(text, dirname(script)));
      return;
    }
    const file = url.startsWith('file:')
      ? fileURLToPath(url)
      : resolve(dirname(script), decodeURIComponent(url));
    const { size } = statSync(file);
    if (size <= SMALL_BYTES) this.#maps.set(script, parseNow(readFileSync(file, 'utf8'), dirname(file)));
    else if (size <= LARGEST_BYTES) void this.#loadLater(script, file);
  }

  async #loadLater(script: string, file: string): Promise<void> {
    try {
      const reading = parse(await readFile(file, 'utf8'), dirname(file));
      for (let step = reading.next(); ; step = reading.next()) {
        if (step.done) return void this.#maps.set(script, step.value);
        await new Promise((next) => setImmediate(next).unref());
      }
    } catch {
      // As above.
    }
  }
}

/** The URL in the comment at the end of a script; inline maps may be long, so then the whole is read. */
function readComment(script: string): string | undefined {
  const { size } = statSync(script);
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const file = openSync(script, 'r');
  try {
    readSync(file, tail, 0, tail.length, size - tail.length);
  } finally {
    closeSync(file);
  }
  const text = tail.toString('latin1');
  const found = COMMENT.exec(text)?.[1];
  if (found !== undefined || size > 4 * SMALL_BYTES || /\n.*\n?$/.test(text)) return found;
  return COMMENT.exec(readFileSync(script, 'latin1'))?.[1];
}

function parseNow(text: string, folder: string): LoadedMap {
  const reading = parse(text, folder);
  for (let step = reading.next(); ; step = reading.next()) if (step.done) return step.value;
}

/** @throws where it is no source map. Maps of several sections are none to us. */
function* parse(text: string, folder: string): Generator<undefined, LoadedMap> {
  const map: unknown = JSON.parse(text.replace(/^\)\]\}'[^\n]*/, ''));
  if (typeof map !== 'object' || map === null) throw new SyntaxError('no source map');
  const { mappings, sources, names, sourceRoot } = map as Readonly<Record<string, unknown>>;
  if (typeof mappings !== 'string' || !Array.isArray(sources)) throw new SyntaxError('no source map');
  const root = typeof sourceRoot === 'string' && sourceRoot !== '' ? sourceRoot : '.';
  return {
    sources: sources.map((source) => sourcePath(String(source ?? ''), root, folder)),
    names: Array.isArray(names) ? names.map(String) : [],
    mappings: yield* readMappings(mappings),
  };
}

function sourcePath(source: string, root: string, folder: string): string {
  if (source.startsWith('file:')) return fileURLToPath(source);
  // webpack's and others' own schemes name no file on the disk; what follows is a path within the project.
  const scheme = /^[a-z][a-z0-9+-]+:\/*(?:[^/]*\/)?(?:\.\/)?(.*)$/i.exec(source);
  if (scheme && !/^[a-z]:[\\/]/i.test(source)) return scheme[1];
  return resolve(folder, /^[a-z]+:/i.test(root) ? '.' : root, source);
}

function find({ mappings, sources, names }: LoadedMap, line: number, column: number, name: string) {
  const at = findSegment(mappings, line, column);
  const first = mappings.lines[line] ?? 0;
  // What begins at the function may be the first thing on its line that is mapped.
  const segment = at >= 0 ? at : first < (mappings.lines[line + 1] ?? 0) ? first : -1;
  if (segment < 0 || mappings.source[segment] < 0) return undefined;
  return {
    file: sources[mappings.source[segment]] ?? '',
    line: mappings.sourceLine[segment] + 1,
    name: originalName(mappings, names, line, column, name),
  };
}

/**
 * V8 says where a function's parameters begin; its name, if it has one of its own, ends right before. Only there is the
 * mapping's name that of the function.
 */
function originalName(
  mappings: Mappings,
  names: readonly string[],
  line: number,
  column: number,
  name: string,
) {
  const start = column - name.length;
  const segment = name === '' ? -1 : findSegment(mappings, line, start);
  const named = segment >= 0 && mappings.column[segment] === start ? mappings.name[segment] : -1;
  return names[named] ?? name;
}
