/**
 * What users see of a log: what `openLog` returns, and what every other log has to offer.
 */
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../core/read-only-stores.ts'
import type { KeyValueStore, SessionStore, VersionedStore, WindowStore } from '../core/store-constants.ts'
import type { StoreSnapshots } from '../core/store-position.ts'
import type { Topic } from '../core/topic.ts'
import type { Admin } from './admin/face.ts'
import type { ConsumerOptions } from './consumer/consumer-options.ts'
import type { Consumer, ReadOptions, RecordOf, TopicReader } from './consumer/face.ts'
import type { TopicSource } from './consumer/subscription.ts'
import type { Acks } from './producer/delivery.ts'
import type { Producer } from './producer/face.ts'
import type { ProducerOptions } from './producer/producer-options.ts'

/**
 * An open log: topics to write, to read and to manage, and what `startStreams` runs on. Made by {@link openLog}.
 *
 * @example
 * ```ts
 * await using log = await openLog('./data')
 * await log.producer().send(clicks, { key: '10.0.0.1', value: { page: '/', status: 200, bytes: 512 } })
 * console.log(await log.admin.endOffsets(clicks))
 * ```
 */
export interface Log extends AsyncDisposable {
  /** Topics and their administration. */
  readonly admin: Admin

  /**
   * A new producer. Programs share one where they can: its flushes are commits.
   *
   * With a `transactionalId` it writes in transactions, and every producer that was opened with that id before is
   * fenced, in any process: before this returns or, while another process commits, in turn. What this log tells you
   * afterwards of topics, positions and ends waits for that. `await producer.ready()` before you tell another process.
   *
   * @throws MillraceError `bad_option`, `compression_unavailable`; with a `transactionalId` also `storage_failed` and
   *   `damaged`, here or in the first call that waits for the id
   */
  producer<A extends Acks = 'all'>(options?: ProducerOptions<A>): Producer<A>

  /**
   * Reads a topic from a given place, without a group and without keeping a position: for tools, exports and tests.
   *
   * It writes nothing, so it does not create the topic: one that does not exist reads as empty, and with `follow` it
   * waits.
   *
   * @example
   * ```ts
   * for await (const { key, value } of log.read(clicks, { from: { time: 0 } })) console.log(key, value.page)
   * ```
   * @throws MillraceError `bad_option`; at the first read `position_lost`, and `bad_option` for a partition that the
   *   topic does not have; `topic_unknown` when the topic is deleted meanwhile, and with `follow` `superseded` when a
   *   switch replaces it
   */
  read<K, V>(topic: Topic<K, V>, options?: ReadOptions): TopicReader<K, V>

  /**
   * A new consumer: of a group, whose members share the partitions and whose positions are kept, or on its own.
   *
   * It joins its group when its first loop asks for a record. Topics that are given as typed constants are created when
   * they are missing, before this returns or, while another process commits, in turn; a name never creates one.
   *
   * @example
   * ```ts
   * await using consumer = log.consumer({ group: 'billing', topics: [clicks] })
   * for await (const { value } of consumer) if (value.status === 500) break
   * ```
   * @throws MillraceError `bad_option`, `topic_unknown`, `partitions_differ`, `owned_by_application`; the first loop
   *   throws what cannot be known while another process commits
   */
  consumer<T extends TopicSource = string>(options: ConsumerOptions<T>): Consumer<RecordOf<T>>

  /**
   * A store of an application, to query from any process: the application may run elsewhere, or not at all. Each call
   * sees the last commit, as those of `app.store(…)` do. What the constant does not say comes from what the application
   * was last started with; its serdes are known by their names. After a switch it answers from the version that is live
   * then.
   *
   * @example
   * ```ts
   * const counts = windowStore('counts', { key: string(), value: int64() })
   * const countOf = (page: string, start: number) => log.store('click-counts', counts).get(page, start)
   * ```
   * @throws MillraceError `application_unknown`, `store_unknown`, `format_unknown`, and `bad_option` for a constant of
   *   another kind or other serdes than the store's, or with a serde of your own without a name. A query throws
   *   `application_unknown` when the application is deleted meanwhile, also in the middle of a range; a range that is
   *   read over a switch or a reset throws `superseded`.
   */
  store<K, V>(
    applicationId: string,
    store: KeyValueStore<K, V>,
  ): ReadOnlyKeyValueStore<K, V> & StoreSnapshots<ReadOnlyKeyValueStore<K, V>>
  store<K, V>(
    applicationId: string,
    store: WindowStore<K, V>,
  ): ReadOnlyWindowStore<K, V> & StoreSnapshots<ReadOnlyWindowStore<K, V>>
  store<K, V>(
    applicationId: string,
    store: SessionStore<K, V>,
  ): ReadOnlySessionStore<K, V> & StoreSnapshots<ReadOnlySessionStore<K, V>>
  store<K, V>(
    applicationId: string,
    store: VersionedStore<K, V>,
  ): ReadOnlyVersionedStore<K, V> & StoreSnapshots<ReadOnlyVersionedStore<K, V>>

  /**
   * Closes consumers, writes what producers hold and closes the directory. Close applications first: they commit on
   * their own close.
   *
   * @throws what the first consumer or producer that cannot be closed throws, or what a producer that the program has
   *   dropped had lost; the others, and the directory, are closed nevertheless
   */
  close(): Promise<void>

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
