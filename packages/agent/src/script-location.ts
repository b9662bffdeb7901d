import { fileURLToPath } from 'node:url';

export interface ScriptLocation {
  /** Package for code from node_modules, `node:…` for Node's own, empty for the program's own files. */
  readonly module: string;
  readonly file: string;
  /** Where it is on the disk, where it is. */
  readonly path: string;
}

/**
 * Where a script belongs. Code of the program itself has no module: its boxes are told apart by file, and the path is
 * cut to the working directory, so that the same release in another folder has the same frames.
 */
export function locateScript(script: string, cwd: string): ScriptLocation {
  if (script === '') return { module: '', file: '', path: '' };
  if (script.startsWith('node:')) return { module: script, file: '', path: '' };
  const path = pathOf(script);
  const inPackage = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/](.*)$/.exec(path);
  if (inPackage) return { module: inPackage[1].replaceAll('\\', '/'), file: inPackage[2], path };
  return { module: '', file: path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path, path };
}

function pathOf(script: string): string {
  if (!script.startsWith('file://')) return script;
  try {
    return fileURLToPath(script);
  } catch {
    return script; // a file URL of another machine, or of none
  }
}
