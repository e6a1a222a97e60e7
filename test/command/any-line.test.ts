// The same as any-line.slow.test.ts, for the inner loop: 200 command lines.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkLines } from '../support/any-line.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('200 command lines end with an answer or a complaint, and change only what they were asked to', async () => {
  const elsewhere = join(temporaryDirectory(), 'elsewhere')
  await checkLines({ worlds: 10, linesOfWorld: 20, elsewhere })
  expect(existsSync(elsewhere)).toBe(false)
})
