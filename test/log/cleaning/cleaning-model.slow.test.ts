// Whatever is appended, however the clock moves and wherever the cleaner is cut short: what can be read, and what is found by
// time, is what a naive model says, and the books about segments and bytes are right. MILLRACE_RUNS=200 makes it longer.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Clock } from '../../../src/core/clock.ts'
import type { TopicConfig } from '../../../src/core/topic-config.ts'
import { cleaner } from '../../../src/log/cleaning/cleaner.ts'
import { Compaction } from '../../../src/log/cleaning/compaction.ts'
import { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import type { PartitionRow } from '../../../src/log/kept/partition-row.ts'
import { Environment } from '../../../src/storage/environment.ts'
import { buildBatch } from '../../support/batches.ts'
import { CleanedPartition, type ModelRecord } from '../../support/cleaned-partition.ts'
import { recordsOf, segmentBooks } from '../../support/partition-contents.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import type { PartitionId } from '../../../src/log/format/partition-id.ts'

type NewRecord = Omit<ModelRecord, 'offset'>

/** A cleaned log on disk that can be cut off and opened again. */
class CleanedLog {
  readonly #dir = temporaryDirectory()
  readonly clock: Clock
  readonly #keyMapBytes: number
  partition: PartitionId = { topic: 'cleaned', topicId: -1, partition: 0 }
  log!: EmbeddedLog

  constructor(clock: Clock, config: Partial<TopicConfig>, keyMapBytes: number) {
    this.clock = clock
    this.#keyMapBytes = keyMapBytes
    this.#open()
    const [description] = this.log.ensureTopics([{ name: 'cleaned', config }])
    this.partition = { ...this.partition, topicId: description?.id ?? -1 }
  }

  #open(): void {
    this.log = new EmbeddedLog(Environment.openNow(this.#dir), { clock: this.clock })
  }

  async reopen(): Promise<void> {
    await this.log.environment.close()
    this.#open()
  }

  append(batches: readonly (readonly NewRecord[])[]): number[] {
    const built = batches.map((records) => buildBatch(records.map((record) => ({ ...record, headers: [] }))))
    this.log.environment.write((transaction) => {
      this.log.partitions.append(transaction, this.partition, built, { nowMs: this.clock.now() })
    })
    return built.map(({ length }) => length)
  }

  #steps(): Iterator<void> {
    const { environment, topics, partitions, retention } = this.log
    const job = cleaner(topics, retention, new Compaction(environment, partitions, this.#keyMapBytes), this.clock)
    const failed = (error: unknown): never => {
      throw error
    }
    return job.steps({ isRequested: true, failed })[Symbol.iterator]()
  }

  /** Does so many steps of what is due, or all. */
  maintain(count = Number.POSITIVE_INFINITY): void {
    const steps = this.#steps()
    for (let done = 0; done < count; done++) if (steps.next().done === true) return
  }

  /** Two cleaners at once, one of which takes so many steps while the other takes one. */
  maintainTogether(pace: number): void {
    const [slow, fast] = [this.#steps(), this.#steps()]
    for (let isOver = false; !isOver;) {
      isOver = slow.next().done === true
      for (let step = 0; step < pace; step++) fast.next()
    }
    while (fast.next().done !== true);
  }

  get row(): PartitionRow {
    this.log.refresh()
    return this.log.partitions.row(this.partition)
  }

  get records(): ModelRecord[] {
    this.log.refresh()
    return recordsOf(this.log, this.partition).map(({ headers: _headers, ...record }) => record)
  }
}

const hex = (text: string): string => Buffer.from(text).toString('hex')
const keys = ['a', 'b', 'c', 'd', 'e'].map(hex)
const newRecord: fc.Arbitrary<NewRecord> = fc.record({
  key: fc.option(fc.constantFrom(...keys), { freq: 8 }),
  value: fc.option(fc.constantFrom('x', 'yy', 'z'.repeat(100)).map(hex), { freq: 3 }),
  timestamp: fc.integer({ min: 0, max: 200_000 }),
})
const newBatch = fc.array(newRecord, { minLength: 1, maxLength: 6 })

type Step =
  | { readonly kind: 'append'; readonly batches: readonly (readonly NewRecord[])[] }
  | { readonly kind: 'flood'; readonly batches: number; readonly timestamps: number }
  | { readonly kind: 'clock'; readonly byMs: number }
  | { readonly kind: 'maintain'; readonly crashes: readonly number[]; readonly pace: number }
  | { readonly kind: 'delete'; readonly percent: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('append'), batches: fc.array(newBatch, { maxLength: 4 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('flood'),
      batches: fc.integer({ min: 900, max: 1_300 }),
      timestamps: fc.integer({ min: 1, max: 200_000 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('clock'), byMs: fc.integer({ min: -5_000, max: 40_000 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('maintain'),
      crashes: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
      pace: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('delete'), percent: fc.integer({ min: 0, max: 100 }) }),
  },
)

const config: fc.Arbitrary<Partial<TopicConfig>> = fc.oneof(
  fc.record({
    cleanupPolicy: fc.constant('delete'),
    retentionMs: fc.constantFrom(-1, 10_000, 60_000),
    retentionBytes: fc.constantFrom(-1, 2_000, 60_000),
  }),
  fc.record({
    cleanupPolicy: fc.constantFrom('compact', 'compact,delete'),
    retentionMs: fc.constantFrom(30_000, 100_000),
    deleteRetentionMs: fc.constantFrom(1_000, 50_000),
    minCompactionLagMs: fc.constantFrom(0, 0, 15_000),
  }),
)

/** Many small batches in one transaction, enough for several segments. */
function flood({ batches, timestamps }: { readonly batches: number; readonly timestamps: number }): NewRecord[][] {
  return Array.from({ length: batches }, (_, index) => [
    { key: keys[index % keys.length] as string, value: hex(`${index}`), timestamp: (index * 7_919) % timestamps },
  ])
}

test(
  'retention and compaction, cut short anywhere or done by two at once, leave what the model says',
  { timeout: 3_600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        config,
        fc.constantFrom(300, 1_000_000),
        fc.array(step, { minLength: 5, maxLength: 25 }),
        async (topicConfig, keyMapBytes, steps) => {
          let nowMs = 100_000
          const clock: Clock = { now: () => nowMs, elapsed: () => nowMs, schedule: () => () => undefined }
          const real = new CleanedLog(clock, topicConfig, keyMapBytes)
          const model = new CleanedPartition(topicConfig)
          const append = (batches: readonly (readonly NewRecord[])[]): void => {
            for (const [index, bytes] of real.append(batches).entries())
              model.append(batches[index] ?? [], bytes, nowMs)
          }
          for (const one of steps) {
            if (one.kind === 'append') append(one.batches)
            else if (one.kind === 'flood') append(flood(one))
            else if (one.kind === 'clock') nowMs += one.byMs
            else if (one.kind === 'delete') {
              const beforeOffset = Math.floor((one.percent * model.endOffset) / 100)
              real.log.retention.deleteBefore([{ partition: real.partition, beforeOffset }])
              model.deleteBefore(beforeOffset)
              for (const _ of real.log.retention.removeDeleted(real.partition));
            } else {
              for (const stepsBefore of one.crashes) {
                real.maintain(stepsBefore)
                await real.reopen()
              }
              real.maintain()
              model.maintain(nowMs)
            }
            expect(real.row).toMatchObject({ startOffset: model.startOffset, endOffset: model.endOffset })
            expect(real.records).toEqual(model.records)
            const { booked, counted } = segmentBooks(real.log, real.partition)
            expect(booked).toEqual(counted)
            const times = [
              0,
              1,
              5_000,
              nowMs,
              199_999,
              200_001,
              ...model.records.slice(-3).map((record) => record.timestamp),
            ]
            for (const time of times) expect(real.log.offsetAtTime(real.partition, time)).toBe(model.offsetAtTime(time))
          }
          await real.log.environment.close()
        },
      ),
      { numRuns: Number(process.env['MILLRACE_RUNS'] ?? 8) },
    )
  },
)
