// How the page of the dashboard is built: from src/dashboard/page into dist/dashboard/page, for browsers of the last years.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const fromRoot = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: fromRoot('src/dashboard/page'),
  build: {
    outDir: fromRoot('dist/dashboard/page'),
    emptyOutDir: true,
    // The policy of the server lets nothing run, or be shown, that stands in the page itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
