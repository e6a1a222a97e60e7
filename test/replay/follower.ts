// A consumer group that follows an output of an application through its switches, a few records at a time.
import type { Log, SwitchOutputs } from 'millrace'
import { expect } from 'vitest'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { NumberTopic } from '../model/sides.ts'
import { lineOf, linesIn, timeOf } from './lines.ts'
import type { ModelledTopics, SwitchPlaces } from './modelled-topics.ts'

const group = 'followers'

export class Follower {
  delivered = 0
  readonly #log: Log
  readonly #embedded: EmbeddedLog
  readonly #topic: NumberTopic
  readonly #topics: ModelledTopics
  readonly #count: number
  /** The offset of the next record that it has to get. */
  #next = 0

  /** @param count of all records of the input */
  constructor(log: Log, embedded: EmbeddedLog, topic: NumberTopic, topics: ModelledTopics, count: number) {
    this.#log = log
    this.#embedded = embedded
    this.#topic = topic
    this.#topics = topics
    this.#count = count
  }

  /** Reads so many records, if there are any, and closes its consumer. */
  async take(count: number): Promise<void> {
    const there = linesIn(this.#embedded, this.#topic.name).length - this.#next
    const wanted = Math.min(count, there)
    if (wanted <= 0) return
    const lines: string[] = []
    const consumer = this.#log.consumer({ group, topics: [this.#topic] })
    for await (const record of consumer) {
      lines.push(lineOf(record))
      if (lines.length < wanted) continue
      await consumer.commit(record)
      break
    }
    await consumer.close()
    const end = this.#next + wanted
    expect(lines).toEqual(this.#topics.lines(this.#topic.name, this.#count).slice(this.#next, end))
    this.#next = end
    this.delivered += wanted
  }

  /** What the mode promises: it goes on where it was, or at the first record of the other topic that is no older. */
  switched(outputs: SwitchOutputs, { coming }: SwitchPlaces): void {
    const { name } = this.#topic
    const next = this.#topics.linesIn(this.#topics.epoch - 1, name, this.#count)[this.#next]
    if (outputs !== 'replace' || this.delivered === 0) return
    const lines = this.#topics.lines(name, coming)
    const found = next === undefined ? -1 : lines.findIndex((line) => timeOf(line) >= timeOf(next))
    this.#next = found < 0 ? lines.length : found
  }

  /** Reads what is left. */
  async end(): Promise<void> {
    await this.take(Number.POSITIVE_INFINITY)
    expect(this.#next).toBe(this.#topics.lines(this.#topic.name, this.#count).length)
  }
}
