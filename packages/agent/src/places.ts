import { type Frame, Frames, type ScriptPosition } from './frame.ts';
import { locateScript } from './script-location.ts';
import type { SourceMaps } from './source-maps.ts';

/** Frames of what V8 says: where a function stands, in the sources that people wrote. */
export class Places {
  readonly frames = new Frames();
  readonly #maps: SourceMaps | undefined;
  readonly #cwd = process.cwd();

  constructor(maps: SourceMaps | undefined) {
    this.#maps = maps;
  }

  frame({ name, script, line, column }: ScriptPosition): Frame {
    // The object that V8 has for all of a program without a name, and functions of V8 and Node in C++.
    if (script === '') return this.frames.of(name === '' ? '(anonymous)' : name);
    const location = locateScript(script, this.#cwd);
    const original =
      location.module === '' && line > 0 ? this.#maps?.lookUp(location.path, line, column, name) : undefined;
    if (original !== undefined) {
      const { module, file } = locateScript(original.file, this.#cwd);
      return this.frames.of(named(original.name, original.line), module, file, original.line);
    }
    return this.frames.of(named(name, line), location.module, location.file, line);
  }
}

/** All nameless functions of a file would be one box otherwise. */
function named(name: string, line: number): string {
  if (name !== '' && name !== '(anonymous)') return name;
  return line > 0 ? `(anonymous:${line})` : '(anonymous)';
}
