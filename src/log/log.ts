/**
 * The log as its user holds it: one directory of topics.
 */
import { checkClock, type Clock } from '../core/clock.ts'
import { days } from '../core/duration.ts'
import { checkBoolean, checkOptions, checkPath, checkWhole } from '../core/checks.ts'
import type {
  AnyQuery,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../core/read-only-stores.ts'
import type { AnyStore, KeyValueStore, SessionStore, VersionedStore, WindowStore } from '../core/store-constants.ts'
import type { StoreSnapshots } from '../core/store-position.ts'
import type { Topic } from '../core/topic.ts'
import { Environment, type EnvironmentOptions } from '../storage/environment.ts'
import { checkFileMode } from '../storage/own-files.ts'
import { EmbeddedAdmin } from './admin/admin.ts'
import type { Admin } from './admin/face.ts'
import { bindApplicationLog, boundStoreReader } from './contract.ts'
import { EmbeddedConsumer } from './consumer/consumer.ts'
import type { Consumer, ReadOptions, RecordOf, TopicReader } from './consumer/face.ts'
import type { ConsumerOptions } from './consumer/consumer-options.ts'
import { EmbeddedLog } from './embedded-log.ts'
import type { Acks } from './producer/delivery.ts'
import type { Log } from './face.ts'
import type { Producer } from './producer/face.ts'
import { EmbeddedProducer, type Untold } from './producer/producer.ts'
import type { ProducerOptions } from './producer/producer-options.ts'
import { checkMaintenance, type MaintenanceOptions } from './cleaning/maintenance.ts'
import { expireOffsets } from './admin/offset-expiry.ts'
import { EmbeddedReader } from './consumer/reader.ts'
import type { TopicSource } from './consumer/subscription.ts'

/** What {@link openLog} takes. */
export interface LogOptions {
  /** What time it is when records are appended, and when they are too old. Default: the machine's clock. */
  readonly clock?: Clock | undefined
  /**
   * How often the log looks after itself in the background: deletes and compacts what is due. False: never, it is left
   * to another process or to `log.admin.runMaintenance()`. Default: every 10 seconds.
   */
  readonly maintenance?: MaintenanceOptions | false | undefined
  /**
   * How long the positions of a consumer group are kept after its last member went, in ms: Kafka's `offsets.retention`.
   * Default 7 days. Those of an application never expire.
   */
  readonly offsetsRetentionMs?: number | undefined
  /**
   * Who may read and write new files, as in `chmod`: `0o660` adds the group of the process. Anyone who may read the
   * files may also enter their directories. Existing files keep their mode. Default `0o600`: only the user of the
   * process.
   */
  readonly fileMode?: number | undefined
  /**
   * Only looks: no log is created, and whatever would write is refused with `read_only`. Use it for tools that must
   * not change anything, beside running applications too; it holds no lock, and no snapshot for longer than a page of
   * rows takes. The process still needs the right to write `lock.mdb` and `commit.lock`, where LMDB notes who reads.
   * Without it (another user, a mount that is read-only) it reads only while no log is open for writing in the
   * directory: `log_in_use` says so here, and in every call once there is one. Default false.
   */
  readonly readOnly?: boolean | undefined
}

/**
 * Opens a log in a directory, and creates it where it is missing. Several processes may open one directory, on a local
 * file system (no NFS).
 *
 * @example
 * ```ts
 * const log = await openLog('./data')
 * await log.producer().send(clicks, { key: '10.0.0.1', value: { page: '/', status: 200, bytes: 512 } })
 * for await (const { offset, value } of log.read(clicks)) console.log(offset, value)
 * await log.close()
 * ```
 * @throws MillraceError `storage_failed` when the directory cannot be opened, `format_unknown` when it is not a log of
 *   this format, `log_missing` when it is only read and there is none, `log_in_use`, `damaged` when its catalogue of
 *   topics is not what was written, `too_many_readers`, `bad_option`
 */
export async function openLog(dir: string, options: LogOptions = {}): Promise<Log> {
  const checked = checkOptions('openLog', options, [
    'clock',
    'maintenance',
    'offsetsRetentionMs',
    'fileMode',
    'readOnly',
  ])
  const { clock, maintenance = {}, offsetsRetentionMs = days(7), fileMode, readOnly = false } = checked
  if (clock !== undefined) checkClock('clock', clock)
  const rounds = maintenance === false ? false : { everyMs: checkMaintenance(maintenance) }
  checkWhole('offsetsRetentionMs', offsetsRetentionMs, 1)
  if (fileMode !== undefined) checkFileMode(fileMode)
  checkBoolean('readOnly', readOnly)
  const log = await openEmbedded(checkPath('openLog', dir), clock, { fileMode, readOnly })
  if (readOnly) return new DirectoryLog(log)
  log.maintenance.add({ steps: () => expireOffsets(log, offsetsRetentionMs) })
  if (rounds !== false) log.maintenance.start(rounds)
  return new DirectoryLog(log)
}

/**
 * A log whose catalogue is inconsistent is not opened: a topic that damage hides would be created again, from offset 0.
 */
async function openEmbedded(dir: string, clock: Clock | undefined, options: EnvironmentOptions): Promise<EmbeddedLog> {
  const environment = await Environment.open(dir, options)
  try {
    const log = new EmbeddedLog(environment, { clock })
    log.catalogue.check()
    return log
  } catch (error) {
    await environment.close()
    throw error
  }
}

/** A producer; weakly, for one that has records to write is kept by its flush, and any other need not be closed. */
interface OpenProducer {
  readonly producer: WeakRef<AsyncDisposable>
  readonly untold: Untold
}

/** A directory as its user holds it. */
export class DirectoryLog implements Log {
  readonly admin: Admin
  readonly #log: EmbeddedLog
  readonly #producers = new Set<OpenProducer>()
  readonly #dropped = new FinalizationRegistry<OpenProducer>((dropped) => this.#forget(dropped))
  /** The first failure of a producer that was dropped before it could tell of it. */
  #untold: Error | undefined
  readonly #consumers = new Set<AsyncDisposable>()

  constructor(log: EmbeddedLog) {
    this.#log = log
    bindApplicationLog(this, log)
    this.admin = new EmbeddedAdmin(log)
  }
  producer<A extends Acks = 'all'>(options: ProducerOptions<A> = {}): Producer<A> {
    this.#log.environment.checkWritable()
    const producer = new EmbeddedProducer<A>(this.#log, options, () => this.#producers.delete(open))
    const open: OpenProducer = { producer: new WeakRef<AsyncDisposable>(producer), untold: producer.untold }
    this.#producers.add(open)
    this.#dropped.register(producer, open)
    return producer
  }

  #forget(dropped: OpenProducer): void {
    this.#producers.delete(dropped)
    this.#untold ??= dropped.untold.error
  }

  read<K, V>(topic: Topic<K, V>, options: ReadOptions = {}): TopicReader<K, V> {
    return new EmbeddedReader(this.#log, topic, options)
  }
  consumer<T extends TopicSource = string>(options: ConsumerOptions<T>): Consumer<RecordOf<T>> {
    this.#log.environment.checkWritable()
    const consumer = new EmbeddedConsumer<RecordOf<T>>(this.#log, options, (closed) => this.#consumers.delete(closed))
    this.#consumers.add(consumer)
    return consumer
  }

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
  store<K, V>(applicationId: string, store: AnyStore<K, V>): AnyQuery<K, V> & StoreSnapshots<AnyQuery<K, V>> {
    return boundStoreReader()(this.#log, applicationId, store)
  }

  async close(): Promise<void> {
    if (this.#log.environment.isClosed) return
    this.#log.maintenance.stop()
    const consumers = await closeAll(this.#consumers)
    const producers = await closeAll([...this.#producers].flatMap(({ producer }) => producer.deref() ?? []))
    await this.#log.environment.close()
    for (const closing of [...consumers, ...producers]) if (closing.status === 'rejected') throw closing.reason
    for (const dropped of this.#producers) this.#forget(dropped)
    if (this.#untold !== undefined) throw this.#untold
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function closeAll(open: Iterable<AsyncDisposable>): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(Array.from(open, (one) => one[Symbol.asyncDispose]()))
}
