// Each verb runs as a process of its own, with nothing loaded but what it loads itself: in the process of the other tests,
// the whole library is.
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { verbs } from '../../src/command/verbs.ts'
import { compiledCommand } from '../support/compiled.ts'
import { commandWorld } from '../support/command-world.ts'

const millrace = compiledCommand()

test.each(verbs)('the first example of $name runs by itself', async ({ load }) => {
  const { data } = await commandWorld({ applications: true })
  const [{ line }] = (await load()).verb.examples
  const script = `millrace() { "$NODE" "$MILLRACE" "$@"; }; set -o pipefail; ${line}`
  const { status, stderr } = spawnSync('bash', ['-c', script], {
    cwd: dirname(data),
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, MILLRACE: millrace, MILLRACE_DIR: data },
  })
  expect({ line, status, stderr }).toEqual({
    line,
    status: 0,
    stderr: expect.not.stringContaining('millrace:') as string,
  })
})
