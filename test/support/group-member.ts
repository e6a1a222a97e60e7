// A member of a group that reads on by itself, and writes down what happens to it.
import type { Consumer, ConsumerOptions, Log, LogRecord } from 'millrace'
import { onTestFinished } from 'vitest'
import { words } from './topics.ts'

export type MemberOptions = Partial<ConsumerOptions<typeof words>>

export interface SeenRecord {
  readonly partition: number
  readonly offset: number
  /** Of its member, when it had the record in hand. */
  readonly generation: number
}

/** A member of the group `g`, which reads `words`. */
export class GroupMember {
  readonly name: string
  readonly consumer: Consumer<LogRecord<string, string>>
  readonly events: string[] = []
  /** Every record that it had in hand, in order. */
  readonly seen: SeenRecord[] = []
  /** What its last loop ended with. */
  error: unknown
  #mayGoOn: (() => void) | undefined
  #isHeld = false

  constructor(log: Log, name: string, options: MemberOptions = {}) {
    this.name = name
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
      await this.consumer.close()
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

  get partitions(): number[] {
    return this.consumer
      .assignment()
      .map(({ partition }) => partition)
      .sort((a, b) => a - b)
  }
}

/** Every record that members had in hand, as `partition:offset`. */
export const seenBy = (...members: readonly GroupMember[]): string[] =>
  members.flatMap(({ seen }) => seen.map(({ partition, offset }) => `${partition}:${offset}`)).toSorted()
