// Every test file runs, in the suite that it belongs to by its name and its imports; see support/suites.ts.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { suitesOf } from './support/suites.ts'
import { readTree } from './support/tidy.ts'

const tree = readTree(fileURLToPath(new URL('..', import.meta.url)))

test('what starts processes is found over its imports, whatever it is called', () => {
  const suites = suitesOf({
    'test/log/alone.test.ts': `import { f } from '../support/f.ts'\nimport { test } from 'vitest'`,
    'test/log/by-itself.test.ts': `import { spawn } from 'node:child_process'`,
    'test/log/far.test.ts': `import { g } from '../support/g.ts'`,
    'test/log/thread.test.ts': `const { Worker } = await import('node:worker_threads')`,
    'test/log/mentioned.test.ts': `// import { spawn } from 'node:child_process'`,
    'test/log/many-cases.slow.test.ts': `import { f } from '../support/f.ts'`,
    'test/log/kills.long.test.ts': `import { spawn } from 'node:child_process'`,
    'test/log/page.browser.test.ts': `import { spawn } from 'node:child_process'`,
    'test/support/f.ts': `import { join } from 'node:path'`,
    'test/support/g.ts': `export { run } from '../../bench/run.ts'\nimport { f } from './f.ts'`,
    'bench/run.ts': `import { fork } from 'node:child_process'\nimport { g } from '../test/support/g.ts'`,
    'src/a.test.ts': '',
  })
  expect(suites).toEqual({
    quick: ['test/log/alone.test.ts', 'test/log/mentioned.test.ts'],
    slow: [
      'test/log/by-itself.test.ts',
      'test/log/far.test.ts',
      'test/log/thread.test.ts',
      'test/log/many-cases.slow.test.ts',
    ],
    long: ['test/log/kills.long.test.ts'],
    browser: ['test/log/page.browser.test.ts'],
  })
})

test('every test file of the repository is in one suite', () => {
  const suites = suitesOf(tree)
  // That of the project that `millrace init` makes runs there: test/package and test/command start it.
  const isOurs = (path: string): boolean => path.endsWith('.test.ts') && !path.startsWith('template/')
  const files = Object.keys(tree).filter(isOurs)
  expect(Object.values(suites).flat().toSorted()).toEqual(files.toSorted())
  expect(suites.quick).toContain('test/suites.test.ts')
  expect(suites.slow).toContain('test/storage/processes.test.ts')
  expect(suites.long.length).toBeGreaterThan(0)
  expect(suites.browser.length).toBeGreaterThan(0)
})
