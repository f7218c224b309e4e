import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Every file but index.html carries its content's hash in its name, so that servers let browsers keep it for ever. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../../dist/dashboard', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows no `data:` but for images, and a preload helper would be an inline script's work.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
