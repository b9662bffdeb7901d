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

/** Prints what the first view weighs, and fails the build where it is too much. */
function firstViewBudget(): Plugin {
  return {
    name: 'everflame-first-view-budget',
    apply: 'build',
    writeBundle(_options, bundle) {
      let bytes = 0;
      for (const file of Object.values(bundle)) {
        if (!/\.(js|css)$/.test(file.fileName)) continue;
        bytes += gzipSync(file.type === 'chunk' ? file.code : file.source).length;
      }
      const kilobytes = bytes / 1000;
      const line = `first view: ${kilobytes.toFixed(1)} kB gzip of ${BUDGET_KB} kB`;
      if (kilobytes > BUDGET_KB) this.error(`${line}: too heavy`);
      this.info(line);
    },
  };
}
