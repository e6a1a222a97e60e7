// `npm run clicks:kill` kills, restarts and compares, and says so; what is not the same, or was never killed, is a failure.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { differenceOf } from '../../examples/clicks/difference.ts'
import { accessLogFile, countedAsJson, readLines } from '../support/access-log.ts'
import { runExample } from '../support/example.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const kill = 'clicks/kill'

test('three kills in the middle of import and count, each going on where the last one stopped, change no count', async () => {
  const path = accessLogFile(40_000)
  const dir = join(temporaryDirectory(), 'new')
  const { code, stdout, stderr } = await runExample(kill, ['--dir', dir, path])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const points = [...stdout.matchAll(/^  process (\d+) (first reported|killed at|finished at) (.+)$/gm)]
  expect(points.map(([, , what]) => what)).toEqual([
    'first reported',
    'killed at',
    'first reported',
    'killed at',
    'first reported',
    'killed at',
    'first reported',
    'finished at',
  ])
  expect(new Set(points.map(([, processId]) => processId)).size).toBe(4)
  for (const [, , what, where] of points) {
    if (what === 'killed at') expect(where).toMatch(/lines imported( · [\d,]+ counted)? \(\d\d? %\)$/)
  }

  const counted = countedAsJson(readLines(readFileSync(path)), { windowMs: 60_000, graceMs: 60_000 })
  const lines = counted.trimEnd().split('\n')
  expect(stdout).toContain(
    `The same ${(lines.length - 1).toLocaleString('en-US')} counts and the same totals, byte for byte`,
  )
  expect(stdout).toContain(lines.at(-1))
  for (const name of ['uninterrupted', 'killed']) expect(existsSync(join(dir, name, 'data.mdb'))).toBe(true)
})

test('a log that is counted before it can be killed proves nothing', async () => {
  const { code, stderr } = await runExample(kill, ['--dir', join(temporaryDirectory(), 'new'), accessLogFile(10)])
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'the count was over before it could be killed: give it a larger log\n',
  })
})

test.each([
  ['a directory with something in it', 1, 'is not empty; name a new directory', (dir: string) => ['--dir', dir]],
  ['a file that is not there', 1, 'there is no file', (dir: string) => [join(dir, 'none.log')]],
  ['an unknown option', 2, "Unknown option '--dri'", () => ['--dri']],
])('%s is refused', async (_, code, complaint, args) => {
  const dir = temporaryDirectory()
  writeFileSync(join(dir, 'mine'), '')
  const outcome = await runExample(kill, args(dir))
  expect(outcome).toMatchObject({ code, stdout: '' })
  expect(outcome.stderr).toContain(complaint)
})

test('the first difference between two tables is named', () => {
  expect(differenceOf('1\n2\n', '1\n2\n')).toBeUndefined()
  expect(differenceOf('1\n2\n', '1\n3\n')).toBe('Line 2 uninterrupted: 2\nLine 2 killed: 3')
  expect(differenceOf('1\n2\n', '1\n2')).toBe('Line 3 uninterrupted: \nLine 3 killed: none')
  expect(differenceOf('1', '1\n2')).toBe('Line 2 uninterrupted: none\nLine 2 killed: 2')
})
