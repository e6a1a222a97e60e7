/**
 * The face of a stream that is joined: one verb for each kind of result, and what it takes by what stands on the right.
 * The bodies are in ../join.ts and in a file for each kind of join.
 */
import type { TopicFor } from '../../core/topic.ts'
import type { JoinWindows } from '../../core/windows/join-windows.ts'
import type { Named } from './functions.ts'
import type { GlobalJoinOptions, GlobalKTable } from './global-table.ts'
import type {
  JoinKeyOption,
  KnownKey,
  KnownSerdes,
  NeedsValueWithKey,
  OtherValueOption,
  ValueOption,
  ValueOptionWithKey,
  WithNewValue,
} from './known.ts'
import type { KStream } from './stream.ts'
import type { KTable } from './table.ts'

/** What a join of two streams takes besides serdes. */
export interface StreamJoinOptions<in K, in V, in V2> extends Named {
  /** Which records belong together. */
  readonly window: JoinWindows
  /** Where late records of each side go: as they came to the join, written as {@link KStream.to} would. */
  readonly late?:
    | {
        /** Late records of the left side. */
        readonly left?: TopicFor<K, V> | undefined
        /** Late records of the right side. */
        readonly right?: TopicFor<K, V2> | undefined
      }
    | undefined
}

/** What a join with a table of versions takes that waits. */
export interface TableJoinGrace extends Named {
  /** For how long records wait, in ms of the stream's time. */
  readonly graceMs: number
}

/**
 * The joins of a stream. Those of two streams come last of each verb, since the compiler tells of a wrong call what the
 * last one takes: they are the ones that take most.
 */
export interface StreamJoins<out K, out V, out Known extends KnownSerdes> {
  /**
   * Each record with the row of its key in a table: for what a record only refers to. A record whose key has no row
   * joins nothing.
   *
   * The row is the one that is there when the record comes, by the order in which the application works: of records and
   * changes that wait, the one with the smaller timestamp goes first. The table's changes themselves join nothing. The
   * joined record has the timestamp and the headers of the stream's record. Records with a null key or value are
   * dropped and counted (`null_key`, `null_value`). A stream whose key was changed is regrouped first.
   *
   * @example
   * ```ts
   * const names = stream.toTable()
   * stream.join(names, ({ page }, latest) => `${page}, last seen with ${latest.status}`)
   * ```
   * @throws MillraceError as for two streams
   */
  join<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    this: NeedsValueWithKey<'join'>[Known],
    table: KTable<K2, V2, Known2>,
    joiner: (left: Exclude<V, null>, right: Exclude<V2, null>, key: Exclude<K, null>) => R,
    options?: undefined,
  ): KStream<Exclude<K, null>, R, 'key'>
  /**
   * Joins with a table, with options: a stream whose key was changed is regrouped, and that needs the serde of values
   * that a function has made.
   *
   * @example
   * ```ts
   * const sizes = stream.map(({ value }) => ({ key: value.page, value: value.bytes }))
   * const newest = stream.selectKey(({ value }) => value.page).toTable({ key: string() })
   * sizes.join(newest, (bytes) => bytes, { value: int64() })
   * ```
   */
  join<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    table: KTable<K2, V2, Known2>,
    joiner: (left: Exclude<V, null>, right: Exclude<V2, null>, key: Exclude<K, null>) => R,
    options: Named & KnownKey<Exclude<K, null>> & ValueOptionWithKey<Exclude<V, null>>[Known],
  ): KStream<Exclude<K, null>, R, 'key'>
  /**
   * Joins with a table of versions once stream time has passed the record by `graceMs`: for a table that learns late
   * what was true.
   *
   * Until then the record waits in a buffer, `<name>.waiting`; then it meets the row as of its own time. What waits
   * comes out with the next record of the stream, in the order of time, then of the encoded keys, each with its own
   * headers. A record that comes later than the grace is joined at once. The grace is
   * at most the `historyMs` of the table.
   *
   * @example
   * ```ts
   * const latest = stream.toTable({ versioned: { historyMs: hours(1) } })
   * stream.join(latest, ({ page }, { status }) => `${page} was ${status}`, { graceMs: minutes(1) })
   * ```
   * @throws MillraceError as without grace; `bad_option` for a table without versions, or with a shorter history
   */
  join<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    table: KTable<K2, V2, Known2>,
    joiner: (left: Exclude<V, null>, right: Exclude<V2, null>, key: Exclude<K, null>) => R,
    options: TableJoinGrace & KnownKey<Exclude<K, null>> & ValueOption<Exclude<V, null>>[Known],
  ): KStream<Exclude<K, null>, R, 'key'>
  /**
   * Each record with the row of a global table that `tableKey` says: for what a record refers to by something other
   * than its key. A record that refers to no row joins nothing.
   *
   * Nothing is regrouped, and the joined record keeps its key, which may be null, its timestamp and its headers. The
   * row is the one that is there when the record comes. Records with a null value, or with null for `tableKey`, are
   * dropped and counted (`null_value`, `null_key`).
   *
   * @example
   * ```ts
   * const titles = builder.globalTable(topic('titles', { key: string(), value: string() }))
   * stream.join(titles, ({ bytes }, title) => `${title}: ${bytes}`, { tableKey: ({ value }) => value.page })
   * ```
   * @throws MillraceError `bad_option`, `topology_invalid`
   */
  join<TableKey, V2, R>(
    table: GlobalKTable<TableKey, V2>,
    joiner: (left: Exclude<V, null>, right: V2, key: K, tableKey: TableKey) => R,
    options: GlobalJoinOptions<K, Exclude<V, null>, NoInfer<TableKey>>,
  ): KStream<K, R, WithNewValue[Known]>
  /**
   * Every pair of a left and a right record of one key that lie within the window: for what belongs together and comes
   * by two streams.
   *
   * A pair comes with the record that completes it: it has that record's headers, and the later timestamp of the two.
   * Records with a null key or value are dropped and counted (`null_key`, `null_value`); so are those whose window has
   * closed (`late`), which `late` also writes to a topic. A side whose key was changed is regrouped first. Each side is
   * kept in a buffer, `<name>.left` and `<name>.right`, for as long as its records may match. A stream may be joined
   * with itself.
   *
   * @example
   * ```ts
   * const errors = stream.filter(({ value }) => value.status === 500)
   * const next = stream.filter(({ value }) => value.status === 200)
   * errors.join(next, (error, { page }) => `${error.page}, then ${page}`, {
   *   window: JoinWindows.of({ before: 0, after: minutes(1) }),
   * })
   * ```
   * @throws MillraceError `bad_option`; `topology_invalid` when a serde is missing, or when the sides write keys in
   *   different formats; at the start `partitions_differ`, when they have different numbers of partitions
   */
  join<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    right: KStream<K2, V2, Known2>,
    joiner: (left: Exclude<V, null>, right: Exclude<V2, null>, key: Exclude<K, null>) => R,
    options: StreamJoinOptions<Exclude<K, null>, Exclude<V, null>, Exclude<V2, null>> &
      JoinKeyOption<Exclude<K, null>>[Known][Known2] &
      ValueOption<Exclude<V, null>>[Known] &
      OtherValueOption<Exclude<V2, null>>[Known2],
  ): KStream<Exclude<K, null>, R, 'key'>

  /**
   * As {@link join} with a table, and every record whose key has no row, with null in place of it; one with a null key
   * too.
   *
   * @example
   * ```ts
   * const names = stream.toTable()
   * stream.leftJoin(names, ({ page }, latest) => `${page}, last seen with ${latest?.status ?? 'nothing'}`)
   * ```
   * @throws MillraceError as {@link join}
   */
  leftJoin<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    this: NeedsValueWithKey<'leftJoin'>[Known],
    table: KTable<K2, V2, Known2>,
    joiner: (left: Exclude<V, null>, right: Exclude<V2, null> | null, key: K) => R,
    options?: undefined,
  ): KStream<K, R, 'key'>
  /**
   * Joins with a table, with options: a stream whose key was changed is regrouped, and that needs the serde of values
   * that a function has made.
   *
   * @example
   * ```ts
   * const sizes = stream.map(({ value }) => ({ key: value.page, value: value.bytes }))
   * const newest = stream.selectKey(({ value }) => value.page).toTable({ key: string() })
   * sizes.leftJoin(newest, (bytes) => bytes, { value: int64() })
   * ```
   */
  leftJoin<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    table: KTable<K2, V2, Known2>,
    joiner: (left: Exclude<V, null>, right: Exclude<V2, null> | null, key: K) => R,
    options: Named & KnownKey<Exclude<K, null>> & ValueOptionWithKey<Exclude<V, null>>[Known],
  ): KStream<K, R, 'key'>
  /**
   * Joins with a table of versions once stream time has passed the record by `graceMs`: for a table that learns late
   * what was true.
   *
   * Until then the record waits in a buffer, `<name>.waiting`; then it meets the row as of its own time. What waits
   * comes out with the next record of the stream, in the order of time, then of the encoded keys, each with its own
   * headers. A record that comes later than the grace is joined at once, and so is one with a null key. The grace is
   * at most the `historyMs` of the table.
   *
   * @example
   * ```ts
   * const latest = stream.toTable({ versioned: { historyMs: hours(1) } })
   * stream.leftJoin(latest, ({ page }, row) => `${page} was ${row?.status ?? 'unknown'}`, { graceMs: minutes(1) })
   * ```
   * @throws MillraceError as without grace; `bad_option` for a table without versions, or with a shorter history
   */
  leftJoin<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    table: KTable<K2, V2, Known2>,
    joiner: (left: Exclude<V, null>, right: Exclude<V2, null> | null, key: K) => R,
    options: TableJoinGrace & KnownKey<Exclude<K, null>> & ValueOption<Exclude<V, null>>[Known],
  ): KStream<K, R, 'key'>
  /**
   * As {@link join} with a global table, and every record that refers to no row, with null in place of it.
   *
   * @example
   * ```ts
   * const owners = builder.globalTable(topic('owners', { key: string(), value: string() }))
   * stream.leftJoin(owners, ({ page }, owner) => owner ?? page, { tableKey: ({ value }) => value.page })
   * ```
   * @throws MillraceError as {@link join} with a global table
   */
  leftJoin<TableKey, V2, R>(
    table: GlobalKTable<TableKey, V2>,
    joiner: (left: Exclude<V, null>, right: V2 | null, key: K, tableKey: TableKey | null) => R,
    options: GlobalJoinOptions<K, Exclude<V, null>, NoInfer<TableKey>>,
  ): KStream<K, R, WithNewValue[Known]>
  /**
   * As {@link join}, and every left record that matched nothing, with null in place of the right one.
   *
   * It comes once its window has closed, with the first record that moves stream time past the window, and before what
   * that record itself matches: in the order of time, then of the encoded keys, with its own timestamp, and with the
   * headers of the record that closed the window. Where more than 1,000 come at once, the others follow in turns of
   * their own, without headers. A left record with a null key matches nothing and comes at once.
   *
   * @example
   * ```ts
   * const hits = stream.filter(({ value }) => value.status === 200)
   * stream.leftJoin(hits, ({ page }, hit) => (hit === null ? `no hit after ${page}` : hit.page), {
   *   window: JoinWindows.of({ before: 0, after: minutes(1), grace: seconds(5) }),
   * })
   * ```
   * @throws MillraceError as {@link join}
   */
  leftJoin<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    right: KStream<K2, V2, Known2>,
    joiner: (left: Exclude<V, null>, right: Exclude<V2, null> | null, key: K) => R,
    options: StreamJoinOptions<Exclude<K, null>, Exclude<V, null>, Exclude<V2, null>> &
      JoinKeyOption<Exclude<K, null>>[Known][Known2] &
      ValueOption<Exclude<V, null>>[Known] &
      OtherValueOption<Exclude<V2, null>>[Known2],
  ): KStream<K, R, 'key'>

  /**
   * As {@link leftJoin} for both sides: what matched nothing comes with null in place of the other one. Of the same
   * time, right records come before left ones.
   *
   * @example
   * ```ts
   * const errors = stream.filter(({ value }) => value.status === 500)
   * const hits = stream.filter(({ value }) => value.status === 200)
   * errors.outerJoin(hits, (error, hit) => error?.page ?? hit?.page ?? '', {
   *   window: JoinWindows.of({ difference: minutes(1) }),
   * })
   * ```
   * @throws MillraceError as {@link join}
   */
  outerJoin<K2 extends K | null, V2, R, Known2 extends KnownSerdes>(
    right: KStream<K2, V2, Known2>,
    joiner: (left: Exclude<V, null> | null, right: Exclude<V2, null> | null, key: K | K2) => R,
    options: StreamJoinOptions<Exclude<K, null>, Exclude<V, null>, Exclude<V2, null>> &
      JoinKeyOption<Exclude<K, null>>[Known][Known2] &
      ValueOption<Exclude<V, null>>[Known] &
      OtherValueOption<Exclude<V2, null>>[Known2],
  ): KStream<K | K2, R, 'key'>
}
