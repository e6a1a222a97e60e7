/**
 * `run --watch`: the script runs in a process of its own, which makes way for a new one when a file of it changes.
 */
import { relative } from 'node:path'
import type { VerbContext } from '../verb.ts'
import { FileChanges } from './file-changes.ts'
import { findScript } from './find-script.ts'
import type { OwnProcess } from './scripts.ts'
import { within } from './within.ts'

/** How long a process may take to commit and close. */
const closeMs = 10_000

/** Editors write several files, or one in several steps. */
const settleMs = 100

export async function watchScript(path: string, context: VerbContext): Promise<void> {
  const { say, signal, clock } = context
  const script = findScript(path)
  const scripts = await context.scripts()
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined))
  })
  while (!signal.aborted) {
    const sinceMs = clock.now()
    const own = scripts.start('--watch')
    const changes = new FileChanges(sinceMs)
    changes.add(script)
    own.onFile((file) => changes.add(file))
    let isTold = false
    const ending = own.ended.then((code) => {
      if (!isTold) say(`${code === 0 ? 'it has ended; ' : ''}waiting for a change`)
    })
    try {
      const changed = await Promise.race([changes.first, stopped, ending.then(() => changes.first)])
      isTold = true
      await end(own, context)
      if (changed === undefined) return
      await within(clock, settleMs, stopped)
      say(`${relative(process.cwd(), changed)} has changed: starting again`)
    } finally {
      changes.close()
      await ending
    }
  }
}

async function end(own: OwnProcess, { clock, say }: VerbContext): Promise<void> {
  own.stop()
  if (await within(clock, closeMs, own.ended)) return
  say('it does not close: killing it, which loses nothing that was committed')
  own.kill()
  await own.ended
}
