// How the tests run: on the sources, in two processes that are reused. What crashes or gets killed runs in a program of its own.
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
    isolate: false,
    maxWorkers: 2,
    testTimeout: 60_000,
  },
})
