// A sample of what any-line.slow.test.ts types in process, as processes: what main.ts adds says nothing else.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkProcesses } from '../support/any-line-process.ts'
import { compiledCommand } from '../support/compiled.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('24 command lines end as processes too, with an answer or a complaint', async () => {
  const elsewhere = join(temporaryDirectory(), 'elsewhere')
  await checkProcesses({ lines: 24, elsewhere, command: compiledCommand() })
  expect(existsSync(elsewhere)).toBe(false)
})
