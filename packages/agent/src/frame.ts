/** One place in a program, by the names that boxes of a flame graph have. Equal frames are one object. */
export interface Frame {
  readonly name: string;
  /** Package for code from node_modules, `node:…` for Node's own, empty for the program's own files. */
  readonly module: string;
  readonly file: string;
  /** Line on which the function starts, from 1; 0: not known. */
  readonly startLine: number;
}

/** A frame as V8 tells it: lines and columns from 1, 0 where there is none. */
export interface ScriptPosition {
  readonly name: string;
  readonly script: string;
  readonly line: number;
  readonly column: number;
}

/** No more places than this are remembered; a program that makes functions by the thousand starts anew. */
const MAX_FRAMES = 20_000;

/** Frames by what they say. Windows hold on to the objects, so that one that is forgotten here does no harm. */
export class Frames {
  readonly #known = new Map<string, Frame>();

  of(name: string, module = '', file = '', startLine = 0): Frame {
    const key = `${name}\0${module}\0${file}\0${startLine}`;
    let frame = this.#known.get(key);
    if (frame === undefined) {
      if (this.#known.size >= MAX_FRAMES) this.#known.clear();
      frame = Object.freeze({ name, module, file, startLine });
      this.#known.set(key, frame);
    }
    return frame;
  }
}
