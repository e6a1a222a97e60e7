// Whatever is typed: an answer or a complaint. 2,000 command lines from the grammar and near it, in this process.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkLines, coveredVerbs } from '../support/any-line.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('2,000 command lines end with an answer or a complaint, and change only what they were asked to', async () => {
  const elsewhere = join(temporaryDirectory(), 'elsewhere')
  const done = new Set<string>()
  const isCovered = (): boolean => coveredVerbs.every((name) => done.has(name)) // each got past its complaints
  // One that is drawn seldom may need more than one round.
  for (let round = 0; round < 5 && !isCovered(); round++) {
    for (const name of await checkLines({ worlds: 100, linesOfWorld: 20, elsewhere })) done.add(name)
  }
  expect([...done].toSorted()).toEqual(coveredVerbs.toSorted())
  expect(existsSync(elsewhere)).toBe(false)
})
