/**
 * The face of a stream: its verbs, and what comes out of each. Its class is in ../stream.ts.
 */
import type { OperatorFunction } from 'rxjs'
import type { StreamRecord } from '../../core/record.ts'
import type { TopicFor } from '../../core/topic.ts'
import type { AsyncCall } from '../../plan/async-calls.ts'
import type { DistinctOptions } from './distinct.ts'
import type {
  KeyHint,
  Named,
  Others,
  PeekOptions,
  Predicate,
  RecordOutput,
  Synchronous,
  TopicChooser,
} from './functions.ts'
import type {
  KeyOption,
  KnownSerdes,
  Merged,
  NeedsKey,
  NeedsValue,
  ValueOption,
  WithNewKey,
  WithNewValue,
} from './known.ts'
import type { ProcessedStream } from './process.ts'
import type { Branches, SplitStreams } from './split.ts'
import type { MapAsyncOptions } from './map-async.ts'
import type { StreamGrouping } from './stream-grouping.ts'
import type { StreamJoins } from './stream-joins.ts'

/** What `to` takes besides a function. */
export interface RoutedOptions<in K, in V> extends Named {
  /** Topics that the function may return, all or some of them. */
  readonly topics?: readonly TopicFor<K, V>[] | undefined
}

/**
 * An endless stream of records. Made by {@link StreamsBuilder.stream}; every verb returns a new stream and changes
 * none, so a stream may be used several times. Records of a partition keep their order through all verbs; where a
 * stream branches, each record takes the branches in the order of the calls. The same complete input always gives the
 * same output.
 *
 * The functions of verbs must be synchronous. One that throws or returns a promise fails its record: the whole turn is
 * undone, and `onError` decides what follows. Every verb throws `bad_option` for an argument that is not a function and
 * for an unknown option, and {@link StreamsBuilder.build} throws `topology_invalid` when a `name` is taken.
 *
 * `Known` says which serdes the stream still knows: a function that makes a new key or value loses that side's serde,
 * and the next verb that regroups or stores asks for it. Leave it out of annotations: see {@link KnownSerdes}.
 */
export interface KStream<out K, out V, out Known extends KnownSerdes = KnownSerdes>
  extends StreamGrouping<K, V, Known>, StreamJoins<K, V, Known>, ProcessedStream<K, V, Known> {
  /**
   * Keeps the records that the guard is true for, and narrows the stream to them. The compiler infers the guard from a
   * comparison of the value, but not where the function takes the record apart in its parameter.
   * @example stream.filter((record) => record.value !== null)
   */
  filter<R extends StreamRecord<K, V>>(
    guard: (record: StreamRecord<K, V>) => record is R,
    options?: Named,
  ): KStream<R['key'], R['value'], Known>
  /**
   * Keeps the records that the predicate is true for.
   * @example stream.filter(({ value }) => value.status === 200)
   */
  filter(predicate: Predicate<K, V>, options?: Named): KStream<K, V, Known>

  /**
   * Keeps the records that the guard is false for, and narrows the stream to them, as {@link filter} does to the
   * others.
   * @example stream.filterNot((record) => record.value === null)
   */
  filterNot<R extends StreamRecord<K, V>>(
    guard: (record: StreamRecord<K, V>) => record is R,
    options?: Named,
  ): KStream<Others<K, V, R>['key'], Others<K, V, R>['value'], Known>
  /**
   * Keeps the records that the predicate is false for.
   * @example stream.filterNot(({ key }) => key.startsWith('10.'))
   */
  filterNot(predicate: Predicate<K, V>, options?: Named): KStream<K, V, Known>

  /**
   * A new key and value for every record. Prefer {@link mapValues} where the key stays: a new key means regrouping
   * later.
   * @example stream.map(({ key, value }) => ({ key: value.page, value: key }))
   */
  map<K2 extends KeyHint, V2>(
    fn: (record: StreamRecord<K, V>) => RecordOutput<K2, V2>,
    options?: Named,
  ): KStream<K2, V2, 'neither'>

  /**
   * A new value for every record, under its key.
   * @example stream.mapValues(({ value }) => value.bytes)
   */
  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options?: Named): KStream<K, V2, WithNewValue[Known]>

  /**
   * Any number of records for every record, in the order of the iterable. Prefer {@link flatMapValues} where the key
   * stays.
   * @example stream.flatMap(({ value }) => value.page.split('/').map((part) => ({ key: part, value: 1 })))
   */
  flatMap<K2 extends KeyHint, V2>(
    fn: (record: StreamRecord<K, V>) => Iterable<RecordOutput<K2, V2>> & object,
    options?: Named,
  ): KStream<K2, V2, 'neither'>

  /**
   * Any number of values for every record, under its key, in the order of the iterable.
   * @example stream.flatMapValues(({ value }) => value.page.split('/'))
   */
  flatMapValues<V2>(
    fn: (record: StreamRecord<K, V>) => Iterable<V2> & object,
    options?: Named,
  ): KStream<K, V2, WithNewValue[Known]>

  /**
   * A new key for every record. The record stays in its partition until something regroups; to aggregate, use {@link
   * groupBy}.
   * @example stream.selectKey(({ value }) => value.page).repartition({ key: string() })
   */
  selectKey<K2 extends KeyHint>(
    fn: (record: StreamRecord<K, V>) => K2,
    options?: Named,
  ): KStream<K2, V, WithNewKey[Known]>

  /**
   * Drops what comes twice. A record is dropped, and counted (`duplicate`), when one with the same id has gone on whose
   * time is less than `within` ms away, earlier or later. A record that is dropped does not count for those after it,
   * so one that repeats for ever goes on every `within` ms.
   *
   * It compares records of one partition: put {@link repartition} before it where equal ids may lie in several. A
   * record whose time is more than `within` ms before stream time cannot be judged any longer: it goes on, and is
   * counted (`undecided`).
   *
   * @example stream.distinct({ id: ({ value }) => value.page, within: minutes(5) })
   * @throws MillraceError `bad_option`, `topology_invalid` when the store is of another kind
   */
  distinct<Id extends string | number>(options: DistinctOptions<K, V, Id>): KStream<K, V, Known>

  /**
   * Calls the action for every record and passes it on. Side effects are outside exactly-once: they are not undone with
   * a turn, and happen again for records that are processed again after a crash. With `effects: true` a replay asks
   * what to do instead.
   * @example stream.peek(({ key, timestamp }) => console.error(key, timestamp))
   */
  peek<R>(action: (record: StreamRecord<K, V>) => R & Synchronous<R>, options?: PeekOptions): KStream<K, V, Known>

  /**
   * Calls the action for every record, and ends there. For side effects, see {@link peek}.
   * @example stream.foreach(({ value }) => console.error(value.page))
   */
  foreach<R>(action: (record: StreamRecord<K, V>) => R & Synchronous<R>, options?: Named): void

  /**
   * The records of both streams, which must be of one builder. Those of different topics come by timestamp, as the
   * engine takes them. A stream merged with itself has each record once.
   * @example stream.filter(({ value }) => value.bytes > 0).merge(stream.filter(({ value }) => value.status === 404))
   * @throws MillraceError `topology_invalid` for a stream of another builder
   */
  merge<Known2 extends KnownSerdes>(other: KStream<K, V, Known2>, options?: Named): KStream<K, V, Merged[Known][Known2]>

  /**
   * Sends each record to the first branch whose predicate is true for it, in the order in which they are named, or to
   * the one that is `'default'`. Without a default, what no branch wants ends here, as in {@link filter}. A type guard
   * narrows its branch, and all of them the default.
   *
   * @example
   * ```ts
   * const { good, broken } = stream.split({ good: ({ value }) => value.status < 400, broken: 'default' })
   * broken.to(missing)
   * good.groupByKey().count()
   * ```
   * @throws MillraceError `bad_option` for no branch, for a name that is none or a whole number, which JavaScript would
   *   put first, and for two defaults
   */
  split<const B extends Branches<K, V>>(branches: B, options?: Named): SplitStreams<K, V, B, Known>

  /**
   * A new value for every record, from a function that may wait: for a service, a database, a file. The key, the
   * timestamp and the headers stay.
   *
   * A record is kept until its call is done, so the application reads on meanwhile. The result, and all that comes of
   * it, counts exactly once. The calls themselves are made at least once: after a crash, and after {@link close}, those
   * that were not done are made again, with the same `id`. Give it to the other side as a key for idempotency, and the
   * `signal` to what can be aborted. An error after the call repeats what comes after it, never the call.
   *
   * What is kept needs the serdes of key and value where a function has made them.
   *
   * @example
   * ```ts
   * // For instance fetch(url, { signal, headers: { 'idempotency-key': id } })
   * const rank = (page: string, id: string, signal: AbortSignal) => Promise.resolve({ page, id, by: signal })
   * stream.mapAsync(({ value }, { id, signal }) => rank(value.page, id, signal), {
   *   concurrency: 50,
   *   order: 'key',
   *   timeoutMs: seconds(5),
   *   retries: 3,
   * })
   * ```
   * @throws MillraceError `topology_invalid` when a serde is missing, `bad_option`; a record whose call fails, fails
   *   with `user_function_threw`, `call_timed_out`, or `bad_record` for undefined
   */
  mapAsync<V2>(
    this: NeedsKey<'mapAsync'>[Known] & NeedsValue<'mapAsync'>[Known],
    fn: (record: StreamRecord<K, V>, call: AsyncCall) => V2 | PromiseLike<V2>,
    options?: MapAsyncOptions,
  ): KStream<K, V2, 'key'>
  /**
   * As above, with serdes: keys and values that a function has made need theirs.
   *
   * @example
   * ```ts
   * const pages = stream.mapValues(({ value }) => value.page)
   * pages.mapAsync(({ value }) => Promise.resolve(value.length), { value: string() })
   * ```
   */
  mapAsync<V2>(
    fn: (record: StreamRecord<K, V>, call: AsyncCall) => V2 | PromiseLike<V2>,
    options: MapAsyncOptions & KeyOption<K>[Known] & ValueOption<V>[Known],
  ): KStream<K, V2, 'key'>

  /**
   * Your own synchronous RxJS operators over the records; they emit `{ key, value, timestamp?, headers? }`. An operator
   * that emits later (delay, a promise), or before any record (startWith), stops the application with
   * `emitted_outside_turn`; one that completes (take) stops it with `stream_completed`.
   *
   * An operator that keeps something between records (scan, pairwise, bufferCount …) starts empty after a restart and
   * after a failed record, so what depends on it is not exactly once. Key and value count as changed.
   *
   * @example
   * ```ts
   * import { filter, map } from 'rxjs'
   *
   * stream.pipe(filter(({ value }) => value.bytes > 0), map(({ key, value }) => ({ key, value: value.bytes })))
   * ```
   */
  pipe<K2, V2>(op1: OperatorFunction<StreamRecord<K, V>, RecordOutput<K2, V2>>): KStream<K2, V2, 'neither'>
  pipe<A, K2, V2>(
    op1: OperatorFunction<StreamRecord<K, V>, A>,
    op2: OperatorFunction<A, RecordOutput<K2, V2>>,
  ): KStream<K2, V2, 'neither'>
  pipe<A, B, K2, V2>(
    op1: OperatorFunction<StreamRecord<K, V>, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, RecordOutput<K2, V2>>,
  ): KStream<K2, V2, 'neither'>
  pipe<A, B, C, K2, V2>(
    op1: OperatorFunction<StreamRecord<K, V>, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, RecordOutput<K2, V2>>,
  ): KStream<K2, V2, 'neither'>

  /**
   * Writes every record to the topic that the function returns for it, as below. Topics that are listed are created
   * when the application starts, and `describe()` shows them; another one is created when the first record wants it,
   * before the record is processed again and written.
   *
   * @example
   * ```ts
   * const ofStatus = (status: number) => topic(`status-${status}`, { key: string(), value: json<Click>() })
   * stream.to(({ value }) => (value.status === 404 ? missing : ofStatus(value.status)), { topics: [missing] })
   * ```
   * @throws MillraceError as below; `partitions_differ` stops the application, what is no topic fails its record with
   *   `bad_record`
   */
  to(topicOf: TopicChooser<K, V>, options?: RoutedOptions<K, V>): void
  /**
   * Writes every record to a topic, which is created when it is missing, with its timestamp and headers. A null value
   * is a tombstone. Readers see what a commit wrote at once, exactly once.
   *
   * @example stream.filter(({ value }) => value.status === 404).to(missing)
   * @throws MillraceError `topology_invalid` for windowed keys and a topic with another window size, `bad_option`
   */
  to(topic: TopicFor<K, V>, options?: Named): void
}
