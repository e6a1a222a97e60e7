/**
 * The demo of clicks while it runs: requests go into the log, a worker counts them and is killed, and in the end its
 * counts stand beside those of a loop over the input.
 */
import '../../runtime/stored-store.ts' // gives every log its `store`
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../log/face.ts'
import { CommandFailed } from '../exit-codes.ts'
import {
  applicationId,
  type Counts,
  countByHand,
  counts,
  type Difference,
  differenceOf,
  requests,
  updates,
} from './click-counts.ts'
import { ClickUpdates } from './click-updates.ts'
import type { ClicksWorker } from './clicks-worker.ts'
import type { RequestRecord } from './requests.ts'
import { number } from './telling.ts'

/** How often it sends where someone watches: often enough to see it, and to press a key in between. */
const stepMs = 100
/** How many it sends at once otherwise. */
const batchRecords = 500
const pollMs = 10
/** How much of the clicks is counted when it is killed without a key, in percent. */
const killsAt = [20, 45, 70] as const

export interface ClicksResult extends Difference {
  readonly requests: number
  readonly clicks: number
  readonly kills: number
  /** Of a page in a minute. */
  readonly counts: number
  /** Counts that were written and are not one more than the last. */
  readonly strays: number
}

export class ClicksDemo implements AsyncDisposable {
  readonly #log: Log
  readonly #worker: ClicksWorker
  readonly #records: readonly RequestRecord[]
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #show: (line: string) => void
  readonly #updates: ClickUpdates
  readonly #expected: Counts
  #sent = 0

  constructor(
    log: Log,
    worker: ClicksWorker,
    records: readonly RequestRecord[],
    { clock, signal, show }: Surroundings,
  ) {
    this.#log = log
    this.#worker = worker
    this.#records = records
    this.#expected = countByHand(records)
    this.#clock = clock
    this.#signal = signal
    this.#show = show
    this.#updates = new ClickUpdates(log)
  }

  /** Makes what the worker needs. */
  static async prepare({ admin }: Log): Promise<void> {
    for (const one of [requests, updates]) await admin.createTopic(one)
  }

  /** Sends over this time; the worker is killed by a key meanwhile. */
  async feedSlowly(forMs: number): Promise<void> {
    const size = Math.ceil(this.#records.length / Math.max(1, forMs / stepMs))
    while (this.#sent < this.#records.length) {
      await this.#send(size)
      await this.#pause(stepMs)
    }
  }

  /** Sends as fast as it goes, and kills the worker three times in the middle of its work. */
  async feedAndKill(onKill: (percent: number) => Promise<void>): Promise<void> {
    const clicks = sumOf(this.#expected)
    const points = [...killsAt]
    while (this.#sent < this.#records.length || points.length > 0) {
      if (this.#sent < this.#records.length) await this.#send(batchRecords)
      else if (await this.#isCaughtUp()) return
      await this.#pause(this.#sent < this.#records.length ? 0 : pollMs)
      const [percent] = points
      if (percent === undefined || this.#updates.count * 100 < clicks * percent) continue
      points.shift()
      await onKill(percent)
      await this.#worker.killAndRestart()
    }
  }

  /** Ends what reads along, whatever came of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#updates.finish()
  }

  /** Waits until all is counted, and compares. */
  async end(): Promise<ClicksResult> {
    while (!(await this.#isCaughtUp())) await this.#pause(pollMs)
    await this.#worker.stop()
    await this.#updates.finish()
    const expected = this.#expected
    const difference = differenceOf(expected, this.counted())
    return {
      requests: this.#records.length,
      clicks: sumOf(expected),
      kills: this.#worker.kills,
      counts: [...expected.values()].reduce((sum, minutes) => sum + minutes.size, 0),
      strays: this.#updates.strays,
      ...difference,
    }
  }

  /** What the store of the worker has. */
  counted(): Counts {
    const counted = new Map<string, Map<number, number>>()
    for (const { key, value } of this.#log.store(applicationId, counts).range()) {
      const minutes = counted.get(key.key) ?? new Map<number, number>()
      counted.set(key.key, minutes.set(key.window.start, value))
    }
    return counted
  }

  async #send(size: number): Promise<void> {
    const part = this.#records.slice(this.#sent, this.#sent + size)
    await this.#log.producer().sendMany(requests, part)
    this.#sent += part.length
  }

  async #isCaughtUp(): Promise<boolean> {
    const application = (await this.#log.admin.applications()).find((one) => one.applicationId === applicationId)
    return application?.lag === 0
  }

  /** @throws what the signal aborts with; CommandFailed when the worker has ended by itself */
  async #pause(ms: number): Promise<void> {
    this.#signal.throwIfAborted()
    const { pid, kills, failure } = this.#worker
    if (failure !== undefined) {
      throw new CommandFailed(`the worker ended with ${failure.code ?? 'a signal'}: ${failure.complaint.trimEnd()}`)
    }
    this.#show(
      `${number(this.#sent)} of ${number(this.#records.length)} sent, ${number(this.#updates.count)} clicks counted, ` +
        `${kills === 0 ? 'not killed yet' : killed(kills)}, process ${pid}`,
    )
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel()
        this.#signal.removeEventListener('abort', end)
        resolve()
      }
      const cancel = this.#clock.schedule(ms, end)
      this.#signal.addEventListener('abort', end)
    })
    this.#signal.throwIfAborted()
  }
}

export interface Surroundings {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Shows how far it is. */
  readonly show: (line: string) => void
}

function sumOf(counted: Counts): number {
  let sum = 0
  for (const minutes of counted.values()) for (const count of minutes.values()) sum += count
  return sum
}

export function killed(kills: number): string {
  if (kills === 0) return 'not killed'
  return kills === 1 ? 'killed once' : `killed ${kills} times`
}
