// Each verb runs as a process of its own, with nothing loaded but what it loads itself: in the process of the other tests,
// the whole library is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { verbs } from '../../src/command/verbs.ts'
import { compiledCommand } from '../support/compiled.ts'
import { commandWorld } from '../support/command-world.ts'

const millrace = compiledCommand()

/** What goes on until Ctrl-C, as it is told when it has begun. */
const goesOn: ReadonlySet<string> = new Set(['ui'])

test.each(verbs)('the first example of $name runs by itself', async ({ name, load }) => {
  const { data } = await commandWorld({ applications: true, versions: name.startsWith('replay ') })
  const [{ line, exits = 0 }] = (await load()).verb.examples
  const script = `millrace() { "$NODE" "$MILLRACE" "$@"; }; set -o pipefail; ${line}`
  const child = spawn('bash', ['-c', script], {
    cwd: dirname(data),
    detached: true, // a group of its own, as a shell gives to what is typed
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE: process.execPath, MILLRACE: millrace, MILLRACE_DIR: data },
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr === '' && goesOn.has(name)) process.kill(-(child.pid as number), 'SIGINT')
    stderr += text
  })
  const [status, signal] = (await once(child, 'close')) as readonly unknown[]
  expect({ line, status, signal, stderr }).toEqual({
    line,
    ...(goesOn.has(name) ? { status: 130, signal: null } : { status: exits, signal: null }),
    stderr: expect.not.stringContaining('millrace:') as string,
  })
})
