// What is sent and read with the command: batches of lines that are there as a whole or not at all, and the records that a
// group is shown, of which none is left out.
import type { StoredRecord } from './contents.ts'

/** The topic of both. */
export const typed = { name: 'typed', partitions: 2 } as const

/** The lines of a batch, as `produce -K :` takes them. */
export function linesOf(batch: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${batch}-${index}:${batch} ${index} ${count}`)
}

/** Every batch that was acknowledged is there, and every other one as a whole or not at all. */
export function batchViolations(
  partitions: readonly (readonly StoredRecord[])[],
  acked: ReadonlySet<number>,
): string[] {
  const found = new Map<number, { readonly indexes: number[]; readonly count: number }>()
  for (const { value } of partitions.flat()) {
    const [batch = -1, index = -1, count = -1] = Buffer.from(value ?? [])
      .toString()
      .split(' ')
      .map(Number)
    const parts = found.get(batch) ?? { indexes: [], count }
    parts.indexes.push(index)
    found.set(batch, parts)
  }
  const violations = [...acked]
    .filter((batch) => !found.has(batch))
    .map((batch) => `A1 batch ${batch} was acknowledged`)
  for (const [batch, { indexes, count }] of found) {
    const sorted = indexes.toSorted((a, b) => a - b)
    if (sorted.length === count && sorted.every((index, at) => index === at)) continue
    violations.push(`A7 batch ${batch} has the lines ${sorted.join()} of ${count}`)
  }
  return violations
}

/** Follows what a group is shown: nothing is left out, and nothing comes again unless its reader was killed. */
export class Shown {
  /** By partition: the offset after the last one that was shown. */
  readonly #next = new Map<number, number>()
  /** By partition: where its reader may begin again. */
  readonly #since = new Map<number, number>()

  /** What is wrong with a record that is shown, if anything. */
  see(partition: number, offset: number): string | undefined {
    const next = this.nextOf(partition)
    const least = this.#since.get(partition) ?? 0
    this.#next.set(partition, offset + 1)
    if (offset > next) return `a group was shown ${typed.name}[${partition}] up to ${next}, and then ${offset}`
    return offset < least ? `a group was shown ${typed.name}[${partition}] ${offset} again` : undefined
  }

  /** The reader has come to its end: what it was shown is committed. */
  end(): void {
    for (const [partition, next] of this.#next) this.#since.set(partition, next)
  }

  nextOf(partition: number): number {
    return this.#next.get(partition) ?? 0
  }
}
