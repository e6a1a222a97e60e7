/**
 * Sizes of topics, a few partitions at a time: with very many, to read them at once would keep the event loop.
 */
import type { TopicSize } from '../log/admin/sizes.ts'
import type { Log } from '../log/face.ts'
import type { TopicDescription } from '../log/kept/topic-row.ts'
import { ifThere } from './if-there.ts'
import type { Slices } from './slices.ts'

/** Topics with about this many partitions are read without a pause. */
const partitionsAtOnce = 64

/** Without topics that were deleted meanwhile; `leftOut` counts those that there was no time for. */
export async function sizesInSlices(
  admin: Log['admin'],
  topics: readonly TopicDescription[],
  slices: Slices,
): Promise<{ readonly sizes: readonly TopicSize[]; readonly leftOut: number }> {
  const sizes: TopicSize[] = []
  let leftOut = 0
  for (const names of portionsOf(topics)) {
    if (await slices.next()) sizes.push(...(await sizesOf(admin, names)))
    else leftOut += names.length
  }
  return { sizes, leftOut }
}

function* portionsOf(topics: readonly TopicDescription[]): Generator<readonly string[]> {
  let names: string[] = []
  let size = 0
  for (const { name, partitions } of topics) {
    if (names.length > 0 && size + partitions > partitionsAtOnce) {
      yield names
      names = []
      size = 0
    }
    names.push(name)
    size += partitions
  }
  if (names.length > 0) yield names
}

/** One by one where one of them was deleted meanwhile. */
async function sizesOf(admin: Log['admin'], names: readonly string[]): Promise<readonly TopicSize[]> {
  const all = await ifThere(admin.logSizes(names))
  if (all !== undefined) return all
  const left = await Promise.all(names.map((name) => ifThere(admin.logSizes([name]))))
  return left.flatMap((size) => size ?? [])
}
