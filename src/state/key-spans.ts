/**
 * Questions for the rows of one key over a span of time: as far back as the recent rows are complete they are answered
 * from memory, and before that from the committed rows too.
 */
import type { KeyOf, RowRange } from '../plan/store.ts'
import type { Turn } from '../plan/turn.ts'
import type { KeyLayout } from './layout.ts'
import type { OrderedStateRow } from './ordered-row.ts'
import type { RecentRows } from './recent-rows.ts'

/** The store that is asked. */
export interface SpanHome<K, V> {
  readonly layout: KeyLayout
  readonly turn: Pick<Turn, 'number'>
  newRecent(): RecentRows<V>
  /** A key as the stored keys of its rows have it. */
  commonKey(key: KeyOf<K>): string
  /** Reads what is committed too. */
  rows(range: RowRange<K>): Iterable<OrderedStateRow<V>>
}

/** The rows of a time that it is asked for have not expired. */
export class KeySpans<K, V> {
  readonly #home: SpanHome<K, V>
  #recent: RecentRows<V> | undefined

  constructor(home: SpanHome<K, V>) {
    this.#home = home
  }

  /** In a layout of segments, once there was a question. */
  get recent(): RecentRows<V> | undefined {
    return this.#recent
  }

  /** Those among which a row with this time is, if it is there. */
  recentAt(at: number): RecentRows<V> | undefined {
    return this.#recent !== undefined && at >= this.#recent.completeFrom ? this.#recent : undefined
  }

  rowsOf(key: KeyOf<K>, fromTime: number, toTime: number, reachTime: number): readonly OrderedStateRow<V>[] {
    const { turn } = this.#home
    const recent = this.#recentFor(fromTime)
    if (recent !== undefined && fromTime >= recent.completeFrom) {
      const rows = recent.rowsOf(this.#home.commonKey(key), fromTime, toTime, turn.number)
      const before = reachTime < fromTime ? this.lastOf(key, reachTime, fromTime - 1) : undefined
      return before === undefined ? rows : [before, ...rows]
    }
    const completeFrom = recent?.completeFrom ?? Infinity
    const until = Math.min(Math.max(toTime, fromTime - 1), completeFrom - 1)
    const early = [...this.#home.rows({ key, fromTime: Math.min(reachTime, fromTime), toTime: until })]
    const rows = early.slice(
      Math.max(
        0,
        early.findLastIndex(({ at }) => at < fromTime),
      ),
    )
    if (recent !== undefined && toTime >= completeFrom) {
      rows.push(...recent.rowsOf(this.#home.commonKey(key), completeFrom, toTime, turn.number))
    }
    return rows
  }

  firstOf(key: KeyOf<K>, fromTime: number, toTime: number): OrderedStateRow<V> | undefined {
    const recent = this.#recentFor(fromTime)
    if (recent === undefined || fromTime < recent.completeFrom) return this.#edgeOf(key, fromTime, toTime, false)
    return recent.edgeOf(this.#home.commonKey(key), fromTime, toTime, false)
  }

  lastOf(key: KeyOf<K>, fromTime: number, toTime: number): OrderedStateRow<V> | undefined {
    const recent = this.#recentFor(fromTime)
    if (recent === undefined) return this.#edgeOf(key, fromTime, toTime, true)
    const { completeFrom } = recent
    if (toTime >= completeFrom) {
      const common = this.#home.commonKey(key)
      const found = recent.edgeOf(common, Math.max(fromTime, completeFrom), toTime, true)
      if (found !== undefined || fromTime >= completeFrom) return found
    }
    return this.#edgeOf(key, fromTime, Math.min(toTime, completeFrom - 1), true)
  }

  #edgeOf(key: KeyOf<K>, fromTime: number, toTime: number, isReverse: boolean): OrderedStateRow<V> | undefined {
    for (const row of this.#home.rows({ key, fromTime, toTime, isReverse })) return row
    return undefined
  }

  /** What may answer a question that goes back to a time. */
  #recentFor(fromTime: number): RecentRows<V> | undefined {
    const { layout } = this.#home
    if (layout.order !== 'segment') return undefined
    const recent = (this.#recent ??= this.#home.newRecent())
    if (fromTime < recent.completeFrom) recent.askedFor(layout.front(fromTime))
    return recent
  }
}
