/**
 * What users hand to verbs: names, functions, and what the functions make.
 */
import type { HeaderInput } from '../../core/headers.ts'
import type { StreamRecord } from '../../core/record.ts'
import type { TopicFor } from '../../core/topic.ts'

/** Options that every operator takes. */
export interface Named {
  /**
   * What errors and counters call the operator. For a stateful or regrouping operator, also where its data is found
   * again.
   */
  readonly name?: string | undefined
}

/** What `peek` takes. */
export interface PeekOptions extends Named {
  /**
   * Whether the action changes something outside: a replay of old records then asks whether to do it again. Default
   * false: it only looks.
   */
  readonly effects?: boolean | undefined
}

/**
 * A question about a record. It must be pure, because the record may be processed again after a crash. `filter` takes a
 * type guard too: `(record): record is StreamRecord<string, Paid> => record.value.kind === 'paid'`.
 */
export type Predicate<K, V> = (record: StreamRecord<K, V>) => boolean

/**
 * Says which topic a record is written to. It must be pure: it may be asked again for a record, after a crash and when
 * its topic had to be created.
 */
export type TopicChooser<K, V> = (record: StreamRecord<K, V>) => TopicFor<K, V>

/** The records that are left when a guard has taken those that it recognises. */
export type Others<K, V, R> = Exclude<StreamRecord<K, V>, R>

/** Any key. It tells the compiler that a list that a function returns as a key is a tuple. */
export type KeyHint = NonNullable<unknown> | null | undefined | readonly unknown[] | []

/** Lets an action return anything except a promise, or what may be one: `() => void` would let a promise pass. */
export type Synchronous<R> = 0 extends 1 & R
  ? unknown
  : [Extract<R, { readonly then: (...args: never) => unknown }>] extends [never]
    ? unknown
    : { readonly 'the functions of verbs are synchronous: await before the record is sent, or in a consumer': never }

/**
 * What `map`, `flatMap` and `pipe` make: timestamp and headers are those of the record at hand unless they are given.
 */
export interface RecordOutput<K, V> {
  /** The new key. */
  readonly key: K
  /** The new value. */
  readonly value: V
  /** Event time, whole ms since the epoch from 0. */
  readonly timestamp?: number | undefined
  /** They replace those of the record at hand. */
  readonly headers?: readonly HeaderInput[] | undefined
}

/** Combines the values of a row; the first value of a row stands for itself. Null deletes the row. */
export type Reducer<V> = (aggregate: V, value: V) => V | null

/** Takes a record's value into the aggregate of its key. Null deletes the row; the next record starts a new one. */
export type Aggregator<K, V, A> = (key: K, value: V, aggregate: A) => A | null

/**
 * What `aggregate` folds with. The functions are synchronous and pure: they may run again for a record. The type of the
 * aggregate is that of its serde, as {@link AggregateSerde} says.
 */
export interface AggregateFunctions<K, V, A> {
  /** The aggregate before the first record. */
  readonly initializer: () => NoInfer<A>
  /** The aggregate with one more record in it. */
  readonly aggregator: Aggregator<K, V, NoInfer<A>>
}

/** What verbs over windows take for records that come too late. */
export interface LateOption<in K, in V> {
  /**
   * Where a record goes that no window takes any longer: as it came to the verb, written as {@link KStream.to} would.
   * By default it is only counted (`late`).
   */
  readonly late?: TopicFor<K, V> | undefined
}

/**
 * Makes one aggregate of those of two sessions, the older one first. It may change either and return it. Null is no
 * aggregate: what comes after it begins with the initial one again.
 */
export type Merger<K, A> = (key: K, older: A, newer: A) => A | null

/**
 * What `aggregate` folds sessions with. A record gets a fresh aggregate, the sessions that it joins are merged into
 * that one after another, oldest first, and then it is added itself: so merging with the initial aggregate must change
 * nothing.
 */
export interface SessionAggregateFunctions<K, V, A> extends AggregateFunctions<K, V, A> {
  /** The aggregate of two sessions that a record joins. */
  readonly merger: Merger<K, NoInfer<A>>
}
