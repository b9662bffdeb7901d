import { gzipSync } from 'node:zlib';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

/** First view, JS and CSS together, gzip: what a phone on a slow network waits for. */
const BUDGET_KB = 60;

export default defineConfig({
  base: '/',
  // The model is read from its sources: the page builds without building packages/profile first.
  resolve: { conditions: ['everflame-source', ...defaultClientConditions] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { target: 'es2023', reportCompressedSize: false, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': process.env.EVERFLAME_SERVER ?? 'http://127.0.0.1:5555' } },
  preview: { proxy: { '/api': process.env.EVERFLAME_SERVER ?? 'http://127.0.0.1:5555' } },
  plugins: [firstViewBudget()],
});

/** The pages that people come in by: the list of services, and the picture of one. */
const FIRST_VIEWS = ['home.tsx', 'picture-page.tsx'];

/** Prints what each first view weighs with all that it needs to be drawn, and fails the build where it is too much. */
function firstViewBudget(): Plugin {
  return {
    name: 'everflame-first-view-budget',
    apply: 'build',
    writeBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
      const entry = chunks.find((chunk) => chunk.isEntry);
      for (const name of FIRST_VIEWS) {
        const view = chunks.find((chunk) => chunk.facadeModuleId?.endsWith(`/${name}`));
        if (!entry || !view) this.error(`first view ${name}: there is no such chunk`);
        const files = new Set<string>();
        const add = (fileName: string) => {
          const file = bundle[fileName];
          if (files.has(fileName) || !file) return;
          files.add(fileName);
          if (file.type !== 'chunk') return;
          file.imports.forEach(add);
          file.viteMetadata?.importedCss.forEach(add);
        };
        add(entry.fileName);
        add(view.fileName);
        let bytes = 0;
        for (const fileName of files) {
          const file = bundle[fileName];
          bytes += gzipSync(file.type === 'chunk' ? file.code : file.source).length;
        }
        const kilobytes = bytes / 1000;
        const line = `first view ${name}: ${kilobytes.toFixed(1)} kB gzip of ${BUDGET_KB} kB`;
        if (kilobytes > BUDGET_KB) this.error(`${line}: too heavy`);
        this.info(line);
      }
    },
  };
}
