/**
 * The face of the Processor API: what a processor is, and what its context gives it.
 */
import type { HeaderInput } from '../../core/headers.ts'
import type { StreamRecord } from '../../core/record.ts'
import type { KeyValueStore, SessionStore, StoreKind, VersionedStore, WindowStore } from '../../core/store-constants.ts'
import type { Offset } from '../../core/units.ts'
import type { Named, RecordOutput } from './functions.ts'
import type {
  ProcessorKeyValueStore,
  ProcessorSessionStore,
  ProcessorVersionedStore,
  ProcessorWindowStore,
} from './processor-stores.ts'

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
  /**
   * The largest timestamp of the records of its task so far; -1 before the first. After a `mapAsync` in the same
   * sub-topology it is ahead of the answers.
   */
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
  store<K, V>(store: SessionStore<K, V>): ProcessorSessionStore<K, V>
  store<K, V>(store: VersionedStore<K, V>): ProcessorVersionedStore<K, V>

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
  readonly kind: StoreKind
  /** Where the application finds its state again. */
  readonly name: string
  /** How keys are written. */
  readonly key: object
  /** How values are written. */
  readonly value: object
}
