// Members of a group in processes that are made up: each has a log of its own over one environment, and a clock that can freeze.
import { onTestFinished } from 'vitest'
import type { Consumer } from '../../src/log/consumer.ts'
import type { ConsumerOptions } from '../../src/log/consumer-options.ts'
import type { Clock, ManualClock } from '../../src/core/clock.ts'
import type { LogRecord } from '../../src/core/record.ts'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { Log } from '../../src/log/log.ts'
import type { Environment } from '../../src/storage/environment.ts'
import { words } from './topics.ts'

/** A clock whose timers do not run while its process is stopped. */
class ProcessClock implements Clock {
  isStopped = false
  readonly #clock: ManualClock

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  elapsed(): number {
    return this.#clock.elapsed()
  }

  /** What falls due while the process is stopped runs when it goes on, as with a real one. */
  schedule(delayMs: number, callback: () => void): () => void {
    return this.#clock.schedule(delayMs, () => {
      if (this.isStopped) this.#missed.push(callback)
      else callback()
    })
  }

  #missed: (() => void)[] = []

  goOn(): void {
    this.isStopped = false
    const missed = this.#missed
    this.#missed = []
    for (const callback of missed) callback()
  }
}

export interface SeenRecord {
  readonly partition: number
  readonly offset: number
  /** Of its member, when it had the record in hand. */
  readonly generation: number
}

/** One member, in a process of its own. */
export class MemberProcess {
  readonly name: string
  readonly consumer: Consumer<LogRecord<string, string>>
  readonly events: string[] = []
  /** Every record that it had in hand, in order. */
  readonly seen: SeenRecord[] = []
  /** What its last loop ended with. */
  error: unknown
  readonly #clock: ProcessClock
  #mayGoOn: (() => void) | undefined
  #isHeld = false

  constructor(
    environment: Environment,
    clock: ManualClock,
    name: string,
    options: Partial<ConsumerOptions<typeof words>> = {},
  ) {
    this.name = name
    this.#clock = new ProcessClock(clock)
    const log = new Log(new EmbeddedLog(environment, { clock: this.#clock }))
    const note =
      (what: string) =>
      (partitions: readonly { readonly partition: number }[]): void => {
        const numbers = partitions.map(({ partition }) => partition).sort((a, b) => a - b)
        this.events.push(`${what} ${numbers.join(' ')}`.trim())
      }
    this.consumer = log.consumer({
      group: 'g',
      topics: [words],
      clientId: name,
      onAssigned: note('assigned'),
      onRevoked: note('revoked'),
      onLost: note('lost'),
      ...options,
    })
    onTestFinished(async () => {
      this.release()
      if (!environment.isClosed) await this.consumer.close()
    })
  }

  /** Reads on until it is closed. */
  run(): this {
    void (async () => {
      try {
        for await (const { partition, offset } of this.consumer) {
          this.seen.push({ partition, offset, generation: this.consumer.metrics().generation })
          if (this.#isHeld)
            await new Promise<void>((resolve) => {
              this.#mayGoOn = resolve
            })
        }
      } catch (error) {
        this.error = error
      }
    })()
    return this
  }

  /** It keeps the next record in hand until {@link release}. */
  hold(): void {
    this.#isHeld = true
  }

  get isHolding(): boolean {
    return this.#mayGoOn !== undefined
  }

  release(): void {
    this.#isHeld = false
    this.#mayGoOn?.()
    this.#mayGoOn = undefined
  }

  /** SIGSTOP, while it holds a record. */
  stop(): void {
    this.#clock.isStopped = true
  }

  /** SIGCONT: timers that fell due run first. */
  goOn(): void {
    this.#clock.goOn()
  }

  get partitions(): number[] {
    return this.consumer
      .assignment()
      .map(({ partition }) => partition)
      .sort((a, b) => a - b)
  }
}

/** Lets everyone do what there is to do, without time passing. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
}
