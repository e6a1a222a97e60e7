/**
 * The newest record of each key of an output, on both sides, in bounded memory: as many passes over the topics as it
 * takes, each for a range of the hashes of keys.
 *
 * When a range turns out to be too wide, its upper half is left to a later pass, with all that was found of it. The
 * next range is as wide as this one turned out to be, or wider where there was room.
 */
import { murmur2 } from '../../core/partitioner.ts'
import { WorkSlice } from '../../core/work-slice.ts'
import type { StoredRecords } from '../contract.ts'
import { type NewestRecords, NewestTable } from './newest-table.ts'
import { OutputWalk, type Stretch } from './output-rows.ts'

type Side = 'here' | 'live'

const hashes = 2 ** 32
/** A table of more has places that its arrays cannot tell. */
const tableBytesMax = 2 ** 30
/** Whether a slice is over is asked this often: records may be large. */
const recordsBetweenLooks = 64
const keysBetweenLooks = 1_024

export class NewestPasses {
  readonly #records: StoredRecords
  readonly #stretches: Readonly<Record<Side, readonly (readonly Stretch[])[]>>
  readonly #memoryBytes: number
  readonly #onSlice: () => unknown

  /** @param onSlice called now and then; what it throws ends the passes */
  constructor(
    records: StoredRecords,
    here: readonly (readonly Stretch[])[],
    live: readonly (readonly Stretch[])[],
    memoryBytes: number,
    onSlice: () => unknown = () => undefined,
  ) {
    this.#onSlice = onSlice
    this.#records = records
    this.#stretches = { here, live }
    this.#memoryBytes = Math.min(memoryBytes, tableBytesMax)
  }

  /** One table after the other, each of other keys; undefined once there is a record without a key. */
  async *passes(): AsyncGenerator<NewestTable | undefined, void, undefined> {
    let width = hashes
    for (let from = 0; from < hashes;) {
      const pass = new Pass(from, Math.min(hashes, from + width), this.#memoryBytes)
      for (const side of ['here', 'live'] as const) {
        if (await this.#isKeyed(pass, side)) continue
        yield undefined
        return
      }
      yield pass.table
      width = (pass.to - from) * (pass.hasRoom ? 2 : 1)
      from = pass.to
    }
  }

  async #isKeyed(pass: Pass, side: Side): Promise<boolean> {
    const isHere = side === 'here'
    const slice = new WorkSlice()
    for (const stretches of this.#stretches[side]) {
      const walk = new OutputWalk(this.#records, stretches)
      for (let walked = 1; walk.next(); walked++) {
        const { cursor } = walk
        if (cursor.keyEnd < 0) return false
        const hash = murmur2(cursor.bytes, cursor.keyStart, cursor.keyEnd) >>> 0
        if (hash >= pass.from && hash < pass.to) {
          pass.table.put(cursor, hash, isHere)
          pass.narrow()
        }
        if (walked % recordsBetweenLooks !== 0 || !slice.isOver) continue
        this.#onSlice()
        await slice.next()
        this.#records.refresh()
      }
    }
    return true
  }
}

class Pass {
  table = new NewestTable()
  readonly from: number
  to: number
  readonly #memoryBytes: number

  constructor(from: number, to: number, memoryBytes: number) {
    this.from = from
    this.to = to
    this.#memoryBytes = memoryBytes
  }

  /** Leaves keys to a later pass where they take too much. */
  narrow(): void {
    while (this.#bytes > this.#memoryBytes && this.table.size > 1 && this.to - this.from > 1) {
      this.to = this.from + Math.ceil((this.to - this.from) / 2)
      this.table = this.table.below(this.to)
    }
  }

  /** Whether twice as wide a range would have done. */
  get hasRoom(): boolean {
    return this.#bytes * 2 < this.#memoryBytes
  }

  get #bytes(): number {
    return 2 * this.table.usedBytes
  }
}

/**
 * Calls back with each key that is not the same on both sides, letting others work meanwhile; returns how many are.
 *
 * @param hasTimes false where a topic gives records the time of their append
 */
export async function compareNewest(
  table: NewestTable,
  hasTimes: boolean,
  differ: (records: NewestRecords) => void,
): Promise<number> {
  let equal = 0
  const slice = new WorkSlice()
  for (let from = 0; from < table.size; from += keysBetweenLooks) {
    equal += table.compare(from, Math.min(table.size, from + keysBetweenLooks), hasTimes, differ)
    if (slice.isOver) await slice.next()
  }
  return equal
}
