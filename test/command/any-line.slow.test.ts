// Whatever is typed: an answer or a complaint. 2,000 command lines from the grammar and near it, in this process.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkLines, coveredVerbs } from '../support/any-line.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('2,000 command lines end with an answer or a complaint, and change only what they were asked to', async () => {
  const elsewhere = join(temporaryDirectory(), 'elsewhere')
  const done = await checkLines({ worlds: 100, linesOfWorld: 20, elsewhere })
  expect([...done].toSorted()).toEqual(coveredVerbs.toSorted()) // each got past its complaints
  expect(existsSync(elsewhere)).toBe(false)
})
