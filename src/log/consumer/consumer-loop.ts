/**
 * The loops over a consumer: by record and by batch, and as an Observable. A record or batch is done when the next is
 * asked for.
 */
import type { Observable } from 'rxjs'
import { yieldToEventLoop } from '../../core/clock.ts'
import type { LogRecord } from '../../core/record.ts'
import { boundObservable } from '../../core/observable.ts'
import type { ConsumerCore } from './consumer-core.ts'
import type { Hand } from './lane.ts'
import type { LoopBody } from './loop-body.ts'
import type { RecordBatch } from './face.ts'

/** How many records are fetched at a time when they are handed out one by one. */
const recordsAhead = 500

type AnyRecord = LogRecord<unknown, unknown>

export class RecordLoop implements AsyncIterableIterator<AnyRecord> {
  readonly #core: ConsumerCore
  readonly #loop: LoopBody
  #hand: Hand | undefined

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
    const hand = this.#hand
    if (hand !== undefined) this.#core.done(hand)
    this.#loop.asks()
    if (hand !== undefined && !this.#core.isAlignDue) {
      const record = hand.take()
      if (record !== undefined) return Promise.resolve(this.#handOut(record))
    }
    // If the partition is still here then.
    hand?.forgetRest()
    return this.#refill()
  }

  #handOut(record: AnyRecord): IteratorYieldResult<AnyRecord> {
    this.#core.meter.records++
    return this.#loop.answer(record)
  }

  async #refill(): Promise<IteratorResult<AnyRecord, undefined>> {
    for (;;) {
      this.#hand = undefined
      this.#hand = await fetchFor(this.#core, this.#loop, recordsAhead)
      if (this.#hand === undefined) return this.return()
      const record = this.#hand.take()
      if (record !== undefined) return this.#handOut(record)
    }
  }

  /** The loop is left: nothing said that the record in hand is done. */
  async return(): Promise<IteratorResult<AnyRecord, undefined>> {
    this.#core.endLoop(this.#loop, this.#hand)
    this.#hand = undefined
    return { done: true, value: undefined }
  }
}

/** The loop is over when fetching fails. */
async function fetchFor(core: ConsumerCore, loop: LoopBody, recordsMax: number): Promise<Hand | undefined> {
  try {
    return await core.next(loop, recordsMax)
  } catch (error) {
    core.endLoop(loop)
    throw error
  }
}

export class BatchLoop implements AsyncIterableIterator<RecordBatch<unknown, unknown>> {
  readonly #core: ConsumerCore
  readonly #recordsMax: number
  readonly #loop: LoopBody
  #hand: Hand | undefined

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
    if (this.#hand !== undefined) this.#core.done(this.#hand)
    this.#hand = undefined
    this.#loop.asks()
    for (;;) {
      this.#hand = await fetchFor(this.#core, this.#loop, this.#recordsMax)
      if (this.#hand === undefined) return this.return()
      const { topic, partition } = this.#hand.partition
      const records = this.#hand.takeAll()
      if (records.length === 0) continue
      this.#core.meter.records += records.length
      return this.#loop.answer({ topic, partition, records })
    }
  }

  async return(): Promise<IteratorResult<RecordBatch<unknown, unknown>, undefined>> {
    this.#core.endLoop(this.#loop, this.#hand)
    this.#hand = undefined
    return { done: true, value: undefined }
  }
}

/** Every subscription is its own loop; a tick of the event loop brings the records of one fetch. */
export function observableRecords(core: ConsumerCore): Observable<AnyRecord> {
  return new (boundObservable())((subscriber) => {
    const loop = core.beginLoop()
    const run = async (): Promise<void> => {
      while (!subscriber.closed) {
        await yieldToEventLoop()
        const hand = await core.next(loop, recordsAhead)
        if (hand === undefined) break
        for (let record = hand.take(); record !== undefined; record = hand.take()) {
          core.meter.records++
          subscriber.next(record)
          if (subscriber.closed) break
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
