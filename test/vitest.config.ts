// How the tests run: on the sources, in two processes that are reused. What crashes or gets killed runs in a program of its own.
//
// There are three suites, told apart by support/suites.ts: `quick` is the inner loop, `slow` is what starts processes or takes
// seconds, `long` is what takes minutes. `npm run test:quick` runs the first, `npm test` the first two, `npm run test:long` the last.
import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { SlowestFirst } from './support/slowest-first.ts'
import { suitesOf } from './support/suites.ts'
import { readTree } from './support/tidy.ts'

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

const suites = Object.entries(suitesOf(readTree(fromRoot(''))))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace$/, replacement: fromRoot('src/index.ts') },
      { find: /^millrace\/testing$/, replacement: fromRoot('src/testing/index.ts') },
      { find: /^millrace\/dashboard$/, replacement: fromRoot('src/dashboard/index.ts') },
      { find: /^millrace\/metrics$/, replacement: fromRoot('src/dashboard/metrics/index.ts') },
    ],
  },
  test: {
    root: fromRoot(''),
    environment: 'node',
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    // They end what hangs. What is only slow, because the machine has other work, may be thirty times as slow.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    sequence: { sequencer: SlowestFirst },
    projects: suites.map(([name, include]): TestProjectConfiguration => ({
      extends: true,
      test: {
        name,
        include: [...include],
        isolate: name === 'browser', // each file closes the browser that it has opened
        // Each step of a way through the page says what it waits for long before; some ways have very many steps.
        ...(name === 'browser' ? { testTimeout: 900_000 } : {}),
        globalSetup: name === 'quick' ? [] : [fromRoot('test/support/compiled-directory.ts')],
      },
    })),
  },
})
