/**
 * An application dies in the middle of its work, and starts again.
 */
import { openLog } from 'millrace'
import { sendVisits, startCounting, totals, type VisitOptions } from './visits.ts'

/** Records that the application has worked on and not committed when it dies. */
const uncommittedRecords = 1_000

/** Works on records without a commit, and is killed. */
export async function die({ dir, keys }: VisitOptions): Promise<void> {
  const log = await openLog(dir)
  let worked = 0
  const onVisit = (): void => {
    if (++worked === uncommittedRecords) process.kill(process.pid, 'SIGKILL')
  }
  const app = await startCounting(log, { everyMs: 3_600_000, everyRecords: 1_000_000 }, onVisit)
  await sendVisits(log, keys, uncommittedRecords)
  await app.stopped
}

export interface RecoveryResult {
  /** From `openLog` until a reader has the first output that was not there before. */
  readonly recoveryMs: number
  /** The same from the start of the process: Node, the loader of TypeScript and all imports come first. */
  readonly processMs: number
}

/** The way to the first committed output. */
export async function recover({ dir }: VisitOptions): Promise<RecoveryResult> {
  const startedMs = performance.now()
  await using log = await openLog(dir)
  const [end = 0] = await log.admin.endOffsets(totals)
  await using app = await startCounting(log, { everyMs: 0 })
  for await (const { key, value } of log.read(totals, { from: end, follow: true })) {
    if (value < 2) throw new Error(`${key} was counted before, but its count is ${value}`)
    break
  }
  const processMs = performance.now()
  await app.caughtUp()
  return { recoveryMs: processMs - startedMs, processMs }
}
