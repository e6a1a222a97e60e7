/**
 * From when on the results of a version are whole: one that does not begin at the first record that is kept lacks what
 * came before, and a window that is cut in two is wrong.
 */
import type { FoundApplication, PartitionId } from '../log/contract.ts'
import type { SourceLane } from '../runtime/sequence.ts'
import type { ReplayFrom } from './face.ts'

/** Of a version whose source says times that the log does not know: no window is known to be whole. */
const never = Number.MAX_SAFE_INTEGER

/**
 * Windows that start then or later are whole; null: everything is.
 *
 * @param lanes as the version begins
 */
export function wholeFrom(from: ReplayFrom, found: FoundApplication, lanes: readonly SourceLane[]): number | null {
  const cut = lanes.filter(({ node, partition, position }) => {
    return !node.isGlobal && position > found.startOffset(partition)
  })
  if (cut.length === 0 || typeof from === 'string') return null
  if (cut.some(({ node }) => node.timestampOf !== undefined)) return never
  if ('time' in from) return from.time
  if ('ago' in from) return Math.max(0, found.nowMs - from.ago)
  return Math.max(...cut.map(({ partition, position }) => latestBefore(found, partition, position) + 1))
}

/** The largest timestamp before an offset; -1 where there is none. */
function latestBefore(found: FoundApplication, partition: PartitionId, offset: number): number {
  let [low, high] = [-1, never]
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2)
    if (found.offsetAtTime(partition, middle) < offset) low = middle
    else high = middle - 1
  }
  return low
}
