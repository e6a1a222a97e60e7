// The soak, short; and that a file which still grows is told from one that has levelled off.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { growthAtTheEnd, growthMax } from './level.ts'

test('a few seconds of everything at once harm nothing', { timeout: 120_000 }, () => {
  const command = ['--import', 'tsx', 'test/soak/run.ts', '--minutes', '0.25', '--seed', '5']
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, command, { cwd, encoding: 'utf8' })
  if (!stdout.endsWith('\nsoak: 0.25 minutes, 0 problems\n')) throw new Error(stdout + stderr)
})

test('a file that grows to the end is told from one that levels off', () => {
  expect(growthAtTheEnd([10, 20, 30, 40, 50, 60, 70, 80, 90])).toBeGreaterThan(growthMax)
  expect(growthAtTheEnd([10, 40, 70, 90, 80, 95, 91, 97, 93])).toBeLessThan(growthMax)
})
