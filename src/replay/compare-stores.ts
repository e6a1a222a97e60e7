/**
 * Compares the stores of two versions, page by page in the order of their keys. Each page is of a place of the input
 * that both have come to.
 */
import { present } from '../core/assert.ts'
import type { StoredStore } from '../core/stored-plan.ts'
import { formNamed } from '../core/windows/named-form.ts'
import type { WindowForm } from '../core/windows/window-form.ts'
import { WorkSlice } from '../core/work-slice.ts'
import { orderOf } from '../plan/store-layout.ts'
import { historyOf } from '../plan/store.ts'
import { isAskable } from '../runtime/store-query.ts'
import { storedTimestamp } from '../state/row.ts'
import type { StoredRow } from '../storage/state-rows.ts'
import type { ComparedPart, ComparedValue, ComparisonSample } from './comparison-face.ts'
import type { EqualMoments } from './equal-moments.ts'
import { serdesNamed, shownPart, type ShownSerdes, shownStored } from './shown-rows.ts'
import { type PageOfRows, rowsBefore, StoreRows } from './store-rows.ts'
import { type CompareLimits, incomparable, Tally } from './tally.ts'

type Stores = ReadonlyMap<string, StoredStore>

const pageRowsMax = 1_024
/** Of both sides together; rows may be large. */
const pageBytes = 1_048_576

/** The names of the stores of either side that are compared, in order. */
export function comparedStores(here: Stores, live: Stores, all: boolean): readonly string[] {
  const names = new Set<string>()
  for (const stores of [here, live]) {
    for (const [name, { reading }] of stores) {
      if (!all && !isAskable(reading)) continue
      names.add(name)
      if (reading.kind === 'versioned' && stores.has(historyOf(name))) names.add(historyOf(name))
    }
  }
  return [...names].toSorted()
}

export async function compareStore(
  moments: EqualMoments,
  name: string,
  here: StoredStore | undefined,
  live: StoredStore | undefined,
  { samplesMax, onRows }: Pick<CompareLimits, 'samplesMax' | 'onRows'>,
): Promise<ComparedPart> {
  if (here === undefined) return incomparable(name, 'rows', 'only the live version has such a store')
  if (live === undefined) return incomparable(name, 'rows', 'the live version has no such store')
  const why = misfit(here, live)
  if (why !== undefined) return incomparable(name, 'rows', why)
  const { reading } = here
  const comparison = new StoreComparison(
    moments,
    new StoreRows(moments.here, name, here),
    new StoreRows(moments.live, name, live),
    serdesNamed(reading),
    reading.form === undefined ? undefined : formNamed(reading.form),
    new Tally(samplesMax),
    onRows,
  )
  await comparison.run()
  return comparison.tally.part(name, 'rows')
}

/** Why the bytes of two stores do not mean the same; undefined when they do. */
function misfit({ reading: here }: StoredStore, { reading: live }: StoredStore): string | undefined {
  const facts: readonly (readonly [what: string, here: string, live: string])[] = [
    ['it is a store of kind', here.kind, live.kind],
    ['its rows lie by', orderOf(here.layout), orderOf(live.layout)],
    ['its windows are', here.form ?? 'none', live.form ?? 'none'],
    ['its keys are', here.key, live.key],
    ['its values are', here.value, live.value],
  ]
  const differing = facts.find(([, one, other]) => one !== other)
  return differing && `${differing[0]} ${differing[1]} here, and ${differing[2]} in the live version`
}

class StoreComparison {
  readonly tally: Tally
  readonly #moments: EqualMoments
  readonly #here: StoreRows
  readonly #live: StoreRows
  readonly #serdes: ShownSerdes
  readonly #form: WindowForm | undefined
  readonly #onRows: CompareLimits['onRows']

  constructor(
    moments: EqualMoments,
    here: StoreRows,
    live: StoreRows,
    serdes: ShownSerdes,
    form: WindowForm | undefined,
    tally: Tally,
    onRows: CompareLimits['onRows'],
  ) {
    this.#onRows = onRows
    this.#moments = moments
    this.#here = here
    this.#live = live
    this.#serdes = serdes
    this.#form = form
    this.tally = tally
  }

  async run(): Promise<void> {
    const { partitions } = this.#here
    // With another number of partitions a key may lie in any.
    if (partitions !== this.#live.partitions) return this.#compare(all(partitions), all(this.#live.partitions))
    for (const partition of all(partitions)) await this.#compare([partition], [partition])
  }

  async #compare(hereIn: readonly number[], liveIn: readonly number[]): Promise<void> {
    const slice = new WorkSlice()
    let limit = pageRowsMax
    for (let from: Buffer | undefined = this.#here.layout.firstKey; from !== undefined;) {
      const [here, live] = await this.#pages(hereIn, liveIn, from, limit)
      const end = first(here.end, live.end)
      const rows = [rowsBefore(here.rows, end), rowsBefore(live.rows, end)] as const
      this.#count(rows[0], rows[1])
      from = end
      limit = nextLimit(rows[0], rows[1])
      if (!slice.isOver) continue
      this.#onRows(this.tally.rows)
      await slice.next()
    }
  }

  #pages(
    hereIn: readonly number[],
    liveIn: readonly number[],
    from: Buffer,
    limit: number,
  ): Promise<readonly [here: PageOfRows, live: PageOfRows]> {
    return this.#moments.both(
      () => this.#here.page(hereIn, from, limit),
      () => this.#live.page(liveIn, from, limit),
    )
  }

  /** Goes over the rows of a page, which are in the order of their keys on both sides. */
  #count(here: readonly StoredRow[], live: readonly StoredRow[]): void {
    const { tally } = this
    let [i, j] = [0, 0]
    for (;;) {
      const [one, other] = [here[i], live[j]]
      if (one === undefined && other === undefined) return
      const order = one === undefined ? 1 : other === undefined ? -1 : one.key.compare(other.key)
      if (order <= 0) i++
      if (order >= 0) j++
      if (order === 0 && this.#isSame(one as StoredRow, other as StoredRow)) tally.equal++
      else {
        const [mine, theirs] = [order <= 0 ? one : undefined, order >= 0 ? other : undefined]
        tally.differ(mine !== undefined, theirs !== undefined)
        tally.show(() => this.#sample(mine, theirs))
      }
    }
  }

  /** The same value at the same time; when a row is due is no concern of those who ask. */
  #isSame({ value: one }: StoredRow, { value: other }: StoredRow): boolean {
    if (one.equals(other)) return true
    const { valueAt } = this.#here
    return (
      valueAt > timestampBytes &&
      one.compare(other, 0, timestampBytes, 0, timestampBytes) === 0 &&
      one.compare(other, valueAt, other.length, valueAt, one.length) === 0
    )
  }

  #sample(here: StoredRow | undefined, live: StoredRow | undefined): ComparisonSample {
    const { key } = present(here ?? live, 'a difference has a side')
    const { keyBytes, keyEnd, at, number } = this.#here.layout.placeOf(key)
    const window = this.#form?.windowOf(at, number)
    return {
      key: shownPart(keyBytes.subarray(0, keyEnd), this.#serdes.key),
      ...(window === undefined ? {} : { window }),
      here: this.#shown(here),
      live: this.#shown(live),
    }
  }

  #shown(row: StoredRow | undefined): ComparedValue | null {
    if (row === undefined) return null
    return shownStored(row.value.subarray(this.#here.valueAt), this.#serdes.value, storedTimestamp(row.value))
  }
}

const timestampBytes = 8

function all(partitions: number): readonly number[] {
  return Array.from({ length: partitions }, (_, partition) => partition)
}

function first(one: Buffer | undefined, other: Buffer | undefined): Buffer | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.compare(other) < 0 ? one : other
}

/** As many rows as a page has room for, if the next ones are as large as these. */
function nextLimit(here: readonly StoredRow[], live: readonly StoredRow[]): number {
  let bytes = 0
  for (const { key, value } of here) bytes += key.length + value.length
  for (const { key, value } of live) bytes += key.length + value.length
  const rows = Math.max(here.length, live.length)
  return rows === 0 || bytes <= pageBytes ? pageRowsMax : Math.max(1, Math.floor((rows * pageBytes) / bytes))
}
