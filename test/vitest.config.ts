// How the tests run: on the sources, one process per file, so that a test may kill or crash what it starts.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace$/, replacement: fromRoot('src/index.ts') },
      { find: /^millrace\/testing$/, replacement: fromRoot('src/testing/index.ts') },
    ],
  },
  test: {
    root: fromRoot(''),
    environment: 'node',
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
})
