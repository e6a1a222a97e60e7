// A version beside the live one under a clock of the log that stands still, and what keeps the two apart.
import type { Log, Replay } from 'millrace'
import { ManualClock } from '../../src/core/clock.ts'
import { start } from './applications.ts'
import { beside, counting, say } from './counting-versions.ts'
import { openTestLog } from './open.ts'

/** A live version, a version beside it, and a clock of the log that stands still. */
export async function besideLive(...words: string[]) {
  const clock = new ManualClock(1_000_000)
  const opened = openTestLog(undefined, { clock })
  const { log } = opened
  await say(log, ...words)
  const live = await start(log, counting(1))
  await live.caughtUp()
  return { ...opened, clock, live, v2: await beside(log) }
}

/** Lets the live version read what the one beside it does not, so that a comparison waits until the clock goes on. */
export async function apart({
  log,
  live,
  v2,
}: {
  log: Log
  live: { caughtUp(): Promise<void> }
  v2: Replay
}): Promise<void> {
  await v2.pause()
  await say(log, 'a')
  await live.caughtUp()
}
