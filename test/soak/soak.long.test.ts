// The soak, short; `npm run test:soak` goes on for as long as one likes.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'vitest'
import { compiled } from '../support/compiled.ts'

test('a few seconds of everything at once harm nothing', () => {
  const command = [compiled('test/soak/run.ts'), '--minutes', '0.25', '--seed', '5']
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, command, { cwd, encoding: 'utf8' })
  if (!stdout.endsWith('\nsoak: 0.25 minutes, 0 problems\n')) throw new Error(stdout + stderr)
})
