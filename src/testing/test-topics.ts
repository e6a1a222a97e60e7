/**
 * The topics of a test driver, as a test writes into them and reads from them.
 */
import { checkList, checkOptions, checkWhole } from '../core/checks.ts'
import type { LogRecord, RecordInput } from '../core/record.ts'
import { codecOf, topicCodecOf } from '../core/serde.ts'
import { checkTopic, type Topic } from '../core/topic.ts'
import { RecordWalk } from '../log/consumer/record-walk.ts'
import type { EmbeddedLog } from '../log/embedded-log.ts'
import { decodeRecord } from '../log/format/decode.ts'
import { partitionsOf } from '../log/format/partition-id.ts'
import type { Outboxes } from '../log/producer/outboxes.ts'
import { checkRecord, recordError } from '../log/producer/record-input.ts'

/** When the records of {@link TestInputTopic.pipeInputs} happened. */
export interface PipedTimes {
  /** The timestamp of the first, in ms since the epoch. */
  readonly from: number
  /** How many ms lie between two of them. Default 0. */
  readonly every?: number | undefined
}

/**
 * Writes into a topic of a test driver. Made by {@link TopologyTestDriver.inputTopic}.
 *
 * @example driver.inputTopic(clicks).pipeInput({ key: 'a', value: { page: '/', status: 200, bytes: 0 }, timestamp: 0 })
 */
export class TestInputTopic<K, V> {
  readonly #outboxes: Outboxes
  readonly #topic: Topic<K, V>
  readonly #run: () => void

  constructor(outboxes: Outboxes, topic: Topic<K, V>, run: () => void) {
    this.#outboxes = outboxes
    this.#topic = topic
    this.#run = run
  }

  /**
   * Writes a record and processes it. Without a timestamp it gets the driver's wall-clock time.
   *
   * @throws the error of a record that fails, unless `onError` passes over it
   */
  pipeInput(record: RecordInput<K, V>): void {
    this.#outboxes.append(this.#outboxes.route(this.#topic), record)
    this.#outboxes.flush({ isWhole: true, written: () => undefined })
    this.#run()
  }

  /**
   * Writes and processes one record after the other. One that says no timestamp gets `from`, and `every` ms more for
   * each record before it.
   *
   * @example
   * ```ts
   * const click = { page: '/', status: 200, bytes: 0 }
   * const records = [{ key: 'a', value: click }, { key: 'b', value: click }]
   * driver.inputTopic(clicks).pipeInputs(records, { from: 0, every: seconds(1) })
   * ```
   * @throws as {@link pipeInput}; what comes after the record is not written
   */
  pipeInputs(records: readonly RecordInput<K, V>[], times: PipedTimes): void {
    const { from, every = 0 } = checkOptions('pipeInputs', times, ['from', 'every'])
    let timestamp = checkWhole('from', from, 0)
    checkWhole('every', every, 0)
    for (const record of checkList('the list of records', records)) {
      this.pipeInput(timed(record, timestamp))
      timestamp += every
    }
  }
}

function timed<K, V>(record: RecordInput<K, V>, timestamp: number): RecordInput<K, V> {
  checkRecord(record)
  try {
    return { ...record, timestamp: record.timestamp ?? timestamp }
  } catch (error) {
    throw recordError(error)
  }
}

/**
 * Reads from a topic of a test driver. Made by {@link TopologyTestDriver.outputTopic}.
 *
 * @example
 * ```ts
 * const output = driver.outputTopic(perMinute)
 * for (const { key, value } of output.readRecords()) console.log(key.window.start, key.key, value)
 * ```
 */
export class TestOutputTopic<K, V> {
  readonly #log: EmbeddedLog
  readonly #topic: Topic<K, V>
  readonly #positions: number[]
  readonly #throwUntold: () => void

  constructor(log: EmbeddedLog, topic: Topic<K, V>, throwUntold: () => void) {
    this.#log = log
    this.#throwUntold = throwUntold
    this.#topic = checkTopic('outputTopic', topic)
    this.#positions = Array.from({ length: log.describeTopic(this.#topic.name).partitions }, () => 0)
  }

  /** Whether there is no committed record that was not read yet. */
  get isEmpty(): boolean {
    this.#throwUntold()
    this.#log.refresh()
    const places = partitionsOf(this.#log.describeTopic(this.#topic.name))
    return places.every((place) => !new RecordWalk(this.#log, place, this.#positions[place.partition] ?? 0).next())
  }

  /** As {@link readRecords}, of each record its key and its value: for tests that look at nothing else. */
  readKeyValues(): { readonly key: K; readonly value: V }[] {
    return this.readRecords().map(({ key, value }) => ({ key, value }))
  }

  /** As {@link readRecords}, of each record its value. */
  readValues(): V[] {
    return this.readRecords().map(({ value }) => value)
  }

  /** The committed records since the last call: partition by partition, in the order of their offsets. */
  readRecords(): LogRecord<K, V>[] {
    this.#throwUntold()
    const keyCodec = codecOf(this.#topic.key)
    const valueCodec = topicCodecOf(this.#topic.value)
    const records: LogRecord<K, V>[] = []
    this.#log.refresh()
    for (const place of partitionsOf(this.#log.describeTopic(this.#topic.name))) {
      const walk = new RecordWalk(this.#log, place, this.#positions[place.partition] ?? 0)
      while (walk.next()) records.push(decodeRecord(walk.cursor, place, keyCodec, valueCodec))
      this.#positions[place.partition] = walk.offset
    }
    return records
  }
}
