/**
 * The loops over a consumer: by record and by batch, and as an Observable. A record or batch is done when the next is asked for.
 */
import { Observable } from 'rxjs'
import { yieldToEventLoop } from '../../core/clock.ts'
import type { LogRecord } from '../../core/record.ts'
import type { ConsumerCore } from './consumer-core.ts'
import type { Lane } from './lane.ts'
import type { LoopBody } from './loop-body.ts'
import type { RecordBatch } from './reader.ts'

/** How many records are fetched at a time when they are handed out one by one. */
const recordsAhead = 500

type AnyRecord = LogRecord<unknown, unknown>

export class RecordLoop implements AsyncIterableIterator<AnyRecord> {
  readonly #core: ConsumerCore
  readonly #loop: LoopBody
  #lane: Lane | undefined
  #records: readonly AnyRecord[] = []
  #next = 0
  /** Of the lane, when its records were fetched. */
  #epoch = 0
  #handEpoch = 0
  #isInHand = false

  constructor(core: ConsumerCore) {
    this.#core = core
    this.#loop = core.beginLoop()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  get next(): () => Promise<IteratorResult<AnyRecord, undefined>> {
    this.#loop.takesNext()
    return this.#askForNext
  }

  readonly #askForNext = (): Promise<IteratorResult<AnyRecord, undefined>> => {
    const lane = this.#lane
    if (lane !== undefined) {
      if (this.#isInHand) {
        this.#isInHand = false
        if (lane.handEpoch === this.#handEpoch) this.#core.done(lane)
      }
      this.#loop.asks()
      const record = this.#records[this.#next]
      if (record !== undefined && lane.epoch === this.#epoch && !this.#core.isAlignDue) {
        return Promise.resolve(this.#handOut(lane, record))
      }
      // What is left of the fetch is fetched again, if the partition is still here then.
      if (record !== undefined && lane.epoch === this.#epoch) lane.forgetAhead()
    } else this.#loop.asks()
    return this.#refill()
  }

  #handOut(lane: Lane, record: AnyRecord): IteratorYieldResult<AnyRecord> {
    this.#next++
    this.#isInHand = true
    this.#core.records++
    lane.position = record.offset + 1
    return this.#loop.answer(record)
  }

  async #refill(): Promise<IteratorResult<AnyRecord, undefined>> {
    this.#lane = undefined
    const fetch = await this.#fetch()
    const record = fetch?.records[0]
    if (fetch === undefined || record === undefined) return this.return()
    this.#lane = fetch.lane
    this.#records = fetch.records
    this.#next = 0
    this.#epoch = fetch.lane.epoch
    this.#handEpoch = fetch.lane.handEpoch
    return this.#handOut(fetch.lane, record)
  }

  async #fetch(): ReturnType<ConsumerCore['next']> {
    try {
      return await this.#core.next(this.#loop, recordsAhead)
    } catch (error) {
      this.#core.endLoop(this.#loop)
      throw error
    }
  }

  /** The loop is left: nobody said that the record in hand is done. */
  async return(): Promise<IteratorResult<AnyRecord, undefined>> {
    const isInHand = this.#isInHand && this.#lane?.handEpoch === this.#handEpoch
    this.#core.endLoop(this.#loop, isInHand ? this.#lane : undefined)
    this.#lane = undefined
    return { done: true, value: undefined }
  }
}

export class BatchLoop implements AsyncIterableIterator<RecordBatch<unknown, unknown>> {
  readonly #core: ConsumerCore
  readonly #recordsMax: number
  readonly #loop: LoopBody
  #inHand: { readonly lane: Lane; readonly handEpoch: number } | undefined

  constructor(core: ConsumerCore, recordsMax: number) {
    this.#core = core
    this.#recordsMax = recordsMax
    this.#loop = core.beginLoop()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  get next(): () => Promise<IteratorResult<RecordBatch<unknown, unknown>, undefined>> {
    this.#loop.takesNext()
    return this.#askForNext
  }

  readonly #askForNext = async (): Promise<IteratorResult<RecordBatch<unknown, unknown>, undefined>> => {
    const before = this.#laneInHand()
    if (before !== undefined) this.#core.done(before)
    this.#inHand = undefined
    this.#loop.asks()
    const fetch = await this.#fetch()
    const last = fetch?.records.at(-1)
    if (fetch === undefined || last === undefined) return this.return()
    const { lane, records } = fetch
    this.#inHand = { lane, handEpoch: lane.handEpoch }
    this.#core.records += records.length
    lane.position = last.offset + 1
    const { topic, partition } = lane.partition
    return this.#loop.answer({ topic, partition, records })
  }

  async #fetch(): ReturnType<ConsumerCore['next']> {
    try {
      return await this.#core.next(this.#loop, this.#recordsMax)
    } catch (error) {
      this.#core.endLoop(this.#loop)
      throw error
    }
  }

  /** Undefined also when it was sent elsewhere or taken away meanwhile. */
  #laneInHand(): Lane | undefined {
    return this.#inHand?.lane.handEpoch === this.#inHand?.handEpoch ? this.#inHand?.lane : undefined
  }

  async return(): Promise<IteratorResult<RecordBatch<unknown, unknown>, undefined>> {
    this.#core.endLoop(this.#loop, this.#laneInHand())
    this.#inHand = undefined
    return { done: true, value: undefined }
  }
}

/** Every subscription is a loop of its own; a turn of the event loop brings the records of one fetch. */
export function observableRecords(core: ConsumerCore): Observable<AnyRecord> {
  return new Observable((subscriber) => {
    const loop = core.beginLoop()
    const run = async (): Promise<void> => {
      while (!subscriber.closed) {
        await yieldToEventLoop()
        const fetch = await core.next(loop, recordsAhead)
        if (fetch === undefined) break
        const { lane, records } = fetch
        const { epoch } = lane
        for (const record of records) {
          if (subscriber.closed || lane.epoch !== epoch) break
          lane.position = record.offset + 1
          core.records++
          subscriber.next(record)
        }
      }
    }
    run().then(
      () => subscriber.complete(),
      (error: unknown) => subscriber.error(error),
    )
    return () => core.endLoop(loop)
  })
}
