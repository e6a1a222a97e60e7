/**
 * What the live version changes while its store is copied: the copy takes note of it with each of its steps, because
 * the journal of the store forgets, and brings just those rows up to date afterwards.
 */
import type { RowRange } from '../../storage/state/changed-rows.ts'
import type { StateStores } from '../../storage/state/state-stores.ts'
import { type CopiedStore, type CopyStep, differencesIn, differencesOf } from './store-copy.ts'

/** Reading the whole store again is better than noting more rows than this. */
const rowsMax = 100_000
const rowsInStep = 1_024

interface ChangedRow {
  readonly partition: number
  readonly key: Buffer
}

export class CopyTrail {
  readonly #state: StateStores
  readonly #store: CopiedStore
  #moment: number
  #isLost = false
  #rows = new Map<string, ChangedRow>()
  /** By partition: all that was removed lies in it. */
  #ranges = new Map<number, RowRange>()

  /** Begins at the commit that is read. */
  constructor(state: StateStores, store: CopiedStore) {
    this.#state = state
    this.#store = store
    this.#moment = state.moment(store.from)
  }

  /** How much of what has changed is noted; without an end where more has changed than it knows of. */
  get size(): number {
    return this.#isLost ? Number.POSITIVE_INFINITY : this.#rows.size + this.#ranges.size
  }

  /** Takes note of what was committed since the last call. */
  follow(): void {
    if (this.#isLost) return
    const { from } = this.#store
    const moment = this.#state.moment(from)
    const isKnown = this.#state.changesSince(from, this.#moment, {
      row: (partition, key) => {
        const text = `${partition}/${key.toString('latin1')}`
        if (!this.#rows.has(text)) this.#rows.set(text, { partition, key: Buffer.from(key) })
      },
      range: (range) => this.#noteRange(range),
    })
    this.#moment = moment
    this.#isLost = !isKnown || this.#rows.size > rowsMax
    if (this.#isLost) this.#forget()
  }

  #noteRange({ partition, from, to }: RowRange): void {
    const before = this.#ranges.get(partition) ?? { from, to }
    const hull = {
      partition,
      from: Buffer.from(Buffer.compare(from, before.from) < 0 ? from : before.from),
      to: to && before.to && Buffer.from(Buffer.compare(to, before.to) > 0 ? to : before.to),
    }
    this.#ranges.set(partition, hull)
  }

  #forget(): void {
    this.#rows = new Map()
    this.#ranges = new Map()
  }

  /** What brings the copy up to date with all that was noted. Each step reads the newest rows when it is asked for. */
  *steps(): Generator<CopyStep> {
    const [rows, ranges, isLost] = [this.#rows, this.#ranges, this.#isLost]
    this.#forget()
    if (isLost) {
      this.#moment = this.#state.moment(this.#store.from)
      this.#isLost = false
      yield* differencesOf(this.#state, this.#store)
      return
    }
    for (const { partition, from, to } of ranges.values()) {
      yield* differencesIn(this.#state, this.#store, partition, from, to)
    }
    // A commit names a row once, so those of a range are only in that.
    const others = [...rows.values()].filter(({ partition, key }) => !isIn(ranges.get(partition), key))
    for (let at = 0; at < others.length; at += rowsInStep) yield this.#rowsAsTheyAre(others.slice(at, at + rowsInStep))
  }

  #rowsAsTheyAre(changed: readonly ChangedRow[]): CopyStep {
    const { from, to } = this.#store
    const rows = changed.map((row) => ({ ...row, value: this.#state.get(from, row.partition, row.key) }))
    return {
      rows: rows.length,
      write: (writer) => {
        for (const { partition, key, value } of rows) {
          if (value === undefined) writer.remove(to, partition, key)
          else writer.put(to, partition, key, value)
        }
      },
    }
  }
}

function isIn(range: RowRange | undefined, key: Buffer): boolean {
  if (range === undefined || Buffer.compare(key, range.from) < 0) return false
  return range.to === undefined || Buffer.compare(key, range.to) < 0
}
