import { fileURLToPath } from 'node:url';

export interface ScriptLocation {
  /** Package for code from node_modules, `node:…` for Node's own, empty for the program's own files. */
  readonly module: string;
  readonly file: string;
}

/**
 * Where a script belongs. Code of the program itself has no module: its boxes are told apart by file, and the path is
 * cut to the working directory, so that the same release in another folder has the same frames.
 */
export function locateScript(script: string, cwd: string): ScriptLocation {
  if (script === '') return { module: '', file: '' };
  if (script.startsWith('node:')) return { module: script, file: '' };
  const path = script.startsWith('file://') ? fileURLToPath(script) : script;
  const inPackage = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/](.*)$/.exec(path);
  if (inPackage) return { module: inPackage[1].replaceAll('\\', '/'), file: inPackage[2] };
  return { module: '', file: path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path };
}
