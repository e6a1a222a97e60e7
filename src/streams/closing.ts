/**
 * How an operator closes what is open when no more records come: its stream time rises to the last close, as if a
 * record of that time had come, and what comes later is late.
 */
import { type OperatorContext, raisedCell } from '../plan/operator.ts'

/**
 * @param lastClose the last stream time that closes anything, from the stream time that records have brought about
 * @param release lets go of what is closed
 */
export function closeWhenIdle(
  context: OperatorContext,
  lastClose: (streamTime: number) => number,
  release: (streamTime: number) => void = () => undefined,
): void {
  // Stream time that rose here is no record's. Were it taken for one, each idle time would raise it further.
  const raised = context.cell(raisedCell)
  context.whenIdle(() => {
    const { streamTime } = context
    if (streamTime.now < 0 || streamTime.now + 1 === raised.value) return
    const close = lastClose(streamTime.now)
    // What is never closed stays open.
    if (close >= Number.MAX_SAFE_INTEGER - 1) return
    const now = streamTime.advance(close)
    raised.set(now + 1)
    release(now)
  })
}
