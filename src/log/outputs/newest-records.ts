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
import { keyText, type OutputRecord, recordAt } from './output-record.ts'
import { OutputWalk, type Stretch } from './output-rows.ts'

/** The newest records of a key; undefined: a side has none. */
export interface NewestRecords {
  here: OutputRecord | undefined
  live: OutputRecord | undefined
}

type Side = keyof NewestRecords

/** By key, one character for each byte. */
export type NewestByKey = ReadonlyMap<string, NewestRecords>

interface Entry extends NewestRecords {
  readonly hash: number
}

const hashes = 2 ** 32
/** What an entry costs beside its key and its values, measured on Node 20. */
const entryBytes = 320
/** Whether a slice is over is asked this often: records may be large. */
const recordsBetweenLooks = 64

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
    this.#memoryBytes = memoryBytes
  }

  /** One map after the other, each of other keys; undefined once there is a record without a key. */
  async *passes(): AsyncGenerator<NewestByKey | undefined, void, undefined> {
    let width = hashes
    for (let from = 0; from < hashes;) {
      const pass = new Pass(from, Math.min(hashes, from + width), this.#memoryBytes)
      for (const side of ['here', 'live'] as const) {
        if (await this.#isKeyed(pass, side)) continue
        yield undefined
        return
      }
      yield pass.entries
      width = (pass.to - from) * (pass.hasRoom ? 2 : 1)
      from = pass.to
    }
  }

  async #isKeyed(pass: Pass, side: Side): Promise<boolean> {
    const slice = new WorkSlice()
    for (const stretches of this.#stretches[side]) {
      const walk = new OutputWalk(this.#records, stretches)
      for (let walked = 1; walk.next(); walked++) {
        const { cursor } = walk
        const hash = cursor.keyEnd < 0 ? 0 : murmur2(cursor.bytes, cursor.keyStart, cursor.keyEnd) >>> 0
        if (cursor.keyEnd < 0) return false
        if (hash >= pass.from && hash < pass.to) pass.put(keyText(cursor) ?? '', hash, side, recordAt(cursor))
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
  readonly entries: Map<string, Entry> = new Map<string, Entry>()
  readonly from: number
  to: number
  readonly #memoryBytes: number
  #bytes = 0

  constructor(from: number, to: number, memoryBytes: number) {
    this.from = from
    this.to = to
    this.#memoryBytes = memoryBytes
  }

  put(key: string, hash: number, side: Side, record: OutputRecord): void {
    let entry = this.entries.get(key)
    if (entry === undefined) {
      this.entries.set(key, (entry = { hash, here: undefined, live: undefined }))
      this.#bytes += entryBytes + key.length
    }
    this.#bytes += lengthOf(record) - lengthOf(entry[side])
    entry[side] = record
    while (this.#bytes > this.#memoryBytes && this.entries.size > 1 && this.to - this.from > 1) this.#halve()
  }

  /** Whether twice as wide a range would have done. */
  get hasRoom(): boolean {
    return this.#bytes * 2 < this.#memoryBytes
  }

  #halve(): void {
    this.to = this.from + Math.ceil((this.to - this.from) / 2)
    for (const [key, entry] of this.entries) {
      if (entry.hash < this.to) continue
      this.entries.delete(key)
      this.#bytes -= entryBytes + key.length + lengthOf(entry.here) + lengthOf(entry.live)
    }
  }
}

function lengthOf(record: OutputRecord | undefined): number {
  return record?.value?.length ?? 0
}
