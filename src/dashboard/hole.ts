/**
 * Holes between the records of a partition: compaction leaves them, of millions of offsets, so they are not gone
 * through step by step.
 */
import type { Slices } from './slices.ts'

/** The first offset from a place on that has a record; infinity where none has. */
export type FirstFrom = (offset: number) => Promise<number>

/**
 * The beginning of the hole that ends at a place, or a place in the hole that is as near to it as a chunk is long: the
 * last record before it is looked for at twice the distance with each look, and then in half of it.
 */
export async function beginningOfHole(
  firstFrom: FirstFrom,
  start: number,
  end: number,
  chunk: number,
  slices: Slices,
): Promise<number> {
  let beginning = end
  let from = end
  for (let distance = chunk * 2; ; distance *= 2) {
    if (from === start || !(await slices.next())) return beginning
    from = Math.max(start, end - distance)
    const found = await firstFrom(from)
    if (found < end) {
      from = found
      break
    }
    beginning = from
  }
  while (beginning - from > chunk && (await slices.next())) {
    const middle = from + Math.floor((beginning - from) / 2)
    const found = await firstFrom(middle)
    if (found < end) from = found
    else beginning = middle
  }
  return beginning
}
