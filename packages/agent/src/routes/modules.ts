import Module from 'node:module';

/** What is done to a module's exports once, when it is loaded. */
export type Patch = (exports: unknown) => void;

/**
 * Calls patches for modules of these names, those that are loaded already and those that will be. The frameworks are
 * CommonJS: `import` goes through the same function. Answers with how to stop; what was patched stays, and does nothing.
 */
export function onModules(patches: Readonly<Record<string, Patch>>): () => void {
  const patched = new WeakSet<object>();
  const apply = (patch: Patch, exports: unknown) => {
    if (
      (typeof exports !== 'function' && typeof exports !== 'object') ||
      exports === null ||
      patched.has(exports)
    )
      return;
    patched.add(exports);
    try {
      patch(exports);
    } catch {
      // A framework that is made otherwise: its routes are not known, and nothing else happens.
    }
  };
  const loader = Module as unknown as {
    _load: (request: string, parent: unknown, isMain: boolean) => unknown;
    _cache: Readonly<Record<string, { exports: unknown; loaded: boolean } | undefined>>;
  };
  for (const [path, module] of Object.entries(loader._cache)) {
    const name = packageOf(path);
    if (module?.loaded && name !== undefined && name in patches) apply(patches[name], module.exports);
  }
  const original = loader._load;
  let isActive = true;
  const load = function (this: unknown, request: string, parent: unknown, isMain: boolean): unknown {
    const exports = Reflect.apply(original, this, [request, parent, isMain]);
    if (isActive && typeof request === 'string') {
      const name = request in patches ? request : packageOf(request);
      if (name !== undefined && name in patches) apply(patches[name], exports);
    }
    return exports;
  };
  loader._load = load;
  return () => {
    isActive = false;
    // Another one may have wrapped ours: then it stays, and does nothing.
    if (loader._load === load) loader._load = original;
  };
}

/** The package of which a file is the entry, by the places where the frameworks have theirs. */
function packageOf(path: string): string | undefined {
  return /[\\/]node_modules[\\/](express|router|koa)[\\/](?:index|lib[\\/](?:express|application))\.js$/.exec(
    path,
  )?.[1];
}
