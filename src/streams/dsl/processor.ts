/**
 * The face of the Processor API: what a processor is, and what its context gives it.
 */
import type { HeaderInput } from '../../core/headers.ts'
import type { StreamRecord } from '../../core/record.ts'
import type { KeyValueStore, WindowStore } from '../../core/store-constants.ts'
import type { StoreRow, TimeBounds } from '../../core/store-row.ts'
import type { Offset } from '../../core/units.ts'
import type { Windowed } from '../../core/windows/window.ts'
import type { Named, RecordOutput } from './functions.ts'

/** What a function of a processor may return: anything but a promise; it is not looked at. */
export type Done = void | undefined | null | boolean | number | string

/**
 * A processor: your own operator, with stores, timers, and as many records out as it likes. It is a function that is
 * called once for each partition, and makes what is then called with each record.
 *
 * Keep what must last in stores: a variable of the function is lost in a restart, and is not undone with a
 * record that fails.
 *
 * @example
 * ```ts
 * const firstOfEach: Processor<string, Click, string, Click> = (context) => {
 *   const counted = context.store(totals)
 *   return {
 *     process(record) {
 *       const before = counted.get(record.key) ?? 0
 *       counted.put(record.key, before + 1)
 *       if (before === 0) context.forward(record)
 *     },
 *   }
 * }
 * builder.stream(clicks).process(firstOfEach, { stores: [totals] }).to(missing)
 * ```
 */
export type Processor<K, V, K2 = K, V2 = V> = (context: ProcessorContext<K2, V2>) => RecordProcessor<K, V>

/** A processor that keeps the key of each record, as {@link Processor} does not have to. */
export type ValueProcessor<K, V, V2 = V> = (context: ValueProcessorContext<V2>) => RecordProcessor<K, V>

/** What a {@link Processor} makes for a partition. */
export interface RecordProcessor<K, V> {
  /**
   * Called with each record, in its turn. A throw fails the record: the turn is undone, stores included.
   * @example builder.stream(clicks).process((context) => ({ process: (record) => context.forward(record) }))
   */
  process(record: StreamRecord<K, V>): Done
  /**
   * Called when the application closes or has failed; not when it is killed. To let go of what is not in stores.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => ({
   *   process: (record) => context.forward(record),
   *   close: () => console.error('closed'),
   * })
   * ```
   */
  close?(): Done
}

/** What both kinds of processors find in their context. */
export interface AnyProcessorContext {
  /** The partition that this processor works on. */
  readonly partition: number
  /** The largest timestamp of the records of its task so far; -1 before the first. */
  readonly streamTime: number
  /** The clock of the application, in ms since the epoch; it does not move within a turn. */
  readonly wallClock: number
  /**
   * Where the record at hand lies in the log; of a record that was regrouped, the one that it was made from. Undefined
   * in a punctuation.
   */
  readonly recordMetadata: RecordMetadata | undefined

  /**
   * A store that `stores` names. It sees its own writes. The store of a table or of an aggregation can only be read.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key, value }) => bytes.put(key, value.bytes) }
   * }
   * builder.stream(clicks).process(processor, { stores: [totals] })
   * ```
   * @throws MillraceError `store_unknown`, `bad_option` when the constant's serdes are not the store's
   */
  store<K, V>(store: KeyValueStore<K, V>): ProcessorKeyValueStore<K, V>
  store<K, V>(store: WindowStore<K, V>): ProcessorWindowStore<K, V>

  /**
   * Calls back each time that `intervalMs` have passed, once however many intervals were passed over, with the stream
   * time or the time of the clock. What it emits has that time and no headers.
   *
   * Due times lie at `startMs` and every interval after it. Without one, stream time goes by multiples of the interval,
   * the first with the first record, and the wall clock begins one interval from now. Stream time stands still while no
   * records come. A schedule that is made when the processor is made goes on after a restart where it was, if its
   * interval is the same; one that is made in a turn is gone.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   context.schedule(minutes(1), 'streamTime', (now) => console.error(now))
   *   return { process: (record) => context.forward(record) }
   * }
   * ```
   * @throws MillraceError `bad_option`
   */
  schedule(
    intervalMs: number,
    type: 'streamTime' | 'wallClock',
    punctuator: (now: number) => Done,
    options?: ScheduleOptions,
  ): Schedule

  /**
   * Asks for a commit after this turn, before its time. It is not done when the call returns.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => ({
   *   process(record) {
   *     context.forward(record)
   *     if (record.value.status >= 500) context.commit()
   *   },
   * })
   * ```
   */
  commit(): void
}

/** What a {@link Processor} works with. It is used in a turn: in `process` or in a punctuation, never later. */
export interface ProcessorContext<in K2, in V2> extends AnyProcessorContext {
  /**
   * Emits a record; when the call returns, everything after it has been processed. Timestamp and headers are those of
   * the record at hand unless they are given; in a punctuation its time and none. `forward(record)` with the record at
   * hand passes it on unchanged.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click, string, number> = (context) => ({
   *   process: ({ key, value }) => context.forward({ key, value: value.bytes }),
   * })
   * ```
   * @param child the id of the only operator that gets it, of those that come next; default: all
   * @throws MillraceError `bad_option` for a child that is none, `emitted_outside_turn`
   */
  forward(record: RecordOutput<K2, V2>, child?: string): void
}

/** What a {@link ValueProcessor} works with. */
export interface ValueProcessorContext<in V2> extends AnyProcessorContext {
  /**
   * Emits a value under the key of the record at hand, as {@link ProcessorContext.forward} does. In a punctuation there
   * is no such key.
   *
   * @example
   * ```ts
   * const processor: ValueProcessor<string, Click, number> = (context) => ({
   *   process: ({ value }) => context.forward({ value: value.bytes }),
   * })
   * ```
   * @throws MillraceError `bad_option` in a punctuation, or for a child that is none, `emitted_outside_turn`
   */
  forward(record: ValueOutput<V2>, child?: string): void
}

/** What a {@link ValueProcessor} emits. */
export interface ValueOutput<V> {
  /** The new value. */
  readonly value: V
  /** Event time, whole ms since the epoch from 0. */
  readonly timestamp?: number | undefined
  /** They replace those of the record at hand. */
  readonly headers?: readonly HeaderInput[] | undefined
}

/** Where a record lies in the log. */
export interface RecordMetadata {
  /** The topic it was read from. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** Its place in the partition. */
  readonly offset: Offset
}

/** What `schedule` takes besides. */
export interface ScheduleOptions {
  /** Where due times lie, in ms since the epoch: at this time and every interval after it. */
  readonly startMs?: number | undefined
}

/** What `schedule` returns. */
export interface Schedule {
  /**
   * It no longer comes; undone with the turn.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const once = context.schedule(minutes(1), 'wallClock', () => once.cancel())
   *   return { process: (record) => context.forward(record) }
   * }
   * ```
   */
  cancel(): void
}

/** What `process` and `processValues` take besides the processor. */
export interface ProcessOptions extends Named {
  /**
   * The stores that it uses. Several processors may name one store: they share it, and work in one task. The store of a
   * table or of an aggregation can be named after the call that makes it; it can only be read.
   */
  readonly stores?: readonly StoreConstant[] | undefined
}

/** The constant of a store, whatever it holds. */
export interface StoreConstant {
  /** Tells kinds of stores apart. */
  readonly kind: 'keyValueStore' | 'windowStore'
  /** Where the application finds its state again. */
  readonly name: string
  /** How keys are written. */
  readonly key: object
  /** How values are written. */
  readonly value: object
}

/**
 * A key-value store in the hands of a processor. Ranges see all writes of this turn; one may write while going through
 * a range: what is put ahead of it comes, what is put where it has been does not.
 */
export interface ProcessorKeyValueStore<K, V> {
  /**
   * The value of a key; undefined when there is none.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key, value }) => console.error(bytes.get(key) ?? value.bytes) }
   * }
   * ```
   */
  get(key: K): V | undefined
  /**
   * The row of a key, with its timestamp; undefined when there is none.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key, value }) => console.error(bytes.row(key)?.timestamp, value.bytes) }
   * }
   * ```
   */
  row(key: K): StoreRow<K, V> | undefined
  /**
   * Puts a row. Its timestamp, unless given, and its headers, where the store keeps them, are those of the record at
   * hand. A null value deletes.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key, value }) => bytes.put(key, value.bytes) }
   * }
   * ```
   * @throws MillraceError `encode_failed`, `key_too_long`
   */
  put(key: K, value: V | null, timestamp?: number): void
  /**
   * Removes the row of a key, if there is one.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key }) => bytes.delete(key) }
   * }
   * ```
   */
  delete(key: K): void
  /**
   * The rows with from <= key <= to in the order of the encoded keys; a bound that is left out does not limit.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click, string, number> = (context) => {
   *   const bytes = context.store(totals)
   *   context.schedule(minutes(1), 'streamTime', () => {
   *     for (const { key, value } of bytes.range({ reverse: true })) context.forward({ key, value })
   *   })
   *   return { process: ({ key, value }) => bytes.put(key, value.bytes) }
   * }
   * ```
   */
  range(bounds?: KeyBounds<K>): Iterable<StoreRow<K, V>>
  /**
   * The rows whose encoded keys begin with this one; of a tuple its first parts do too.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: () => console.error([...bytes.prefix('10.0.')]) }
   * }
   * ```
   */
  prefix(key: KeyPrefix<K>): Iterable<StoreRow<K, V>>
}

/** Which rows, and in which order. */
export interface KeyBounds<K> {
  /** The first key. */
  readonly from?: K | undefined
  /** The last key. */
  readonly to?: K | undefined
  /** From the last row to the first. Default false. */
  readonly reverse?: boolean | undefined
}

/** A key, or of a tuple its first parts. */
export type KeyPrefix<K> = K extends readonly [...infer First, unknown] ? KeyPrefix<First> | K : K

/**
 * A store of windows in the hands of a processor. A window is gone once stream time has passed its start by the
 * `retentionMs` of the store; what is put there then is not kept.
 */
export interface ProcessorWindowStore<K, V> {
  /**
   * Puts the value of a key in the window that starts there; the timestamp of the row is that of the record at hand. A
   * null value deletes.
   *
   * @example
   * ```ts
   * const perDay = windowStore('per-day', { key: string(), value: int64(), size: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(perDay)
   *   return { process: ({ key, value }) => bytes.put(key, value.bytes, 0) }
   * }
   * ```
   * @throws MillraceError `encode_failed`, `key_too_long`
   */
  put(key: K, value: V | null, windowStart: number): void
  /**
   * The windows of a key whose starts lie in the bounds, in the order of time.
   *
   * @example
   * ```ts
   * const perDay = windowStore('per-day', { key: string(), value: int64(), size: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(perDay)
   *   return { process: ({ key }) => console.error([...bytes.fetch(key, { to: minutes(5) })]) }
   * }
   * ```
   */
  fetch(key: K, bounds?: TimeBounds): Iterable<StoreRow<Windowed<K>, V>>
}
