// Looks at a store and at topics while versions come and go: whatever it sees is of one version and of one moment.
import type { Log, ReadOnlyKeyValueStore } from 'millrace'
import { expect } from 'vitest'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { Case } from '../model/cases.ts'
import type { NumberTopic } from '../model/sides.ts'
import { collect } from '../support/collect.ts'
import { lineOf } from './lines.ts'
import type { ModelledTopics } from './modelled-topics.ts'
import { countAt, kept, type ModelledVersion } from './modelled-version.ts'

/** A topic as somebody has read it, while there may have been switches. */
interface Reading {
  readonly topic: string
  readonly lines: readonly string[]
  readonly fromEpoch: number
  readonly toEpoch: number
}

interface Sample {
  readonly position: Record<string, readonly number[]>
  readonly rows: readonly string[]
}

export class Onlooker {
  samples = 0
  readonly #log: Log
  readonly #versions: readonly ModelledVersion[]
  readonly #drawn: Case
  readonly #stop: () => void
  readonly #topics: ModelledTopics
  readonly #embedded: EmbeddedLog
  readonly #readings: Promise<Reading>[] = []
  #live: number | undefined
  /** The version that comes, while a switch goes on. */
  #coming: number | undefined
  #waiting: Sample[] = []

  constructor(
    log: Log,
    embedded: EmbeddedLog,
    versions: readonly ModelledVersion[],
    topics: ModelledTopics,
    drawn: Case,
  ) {
    this.#log = log
    this.#embedded = embedded
    this.#topics = topics
    this.#versions = versions
    this.#drawn = drawn
    this.#stop = embedded.onCommit(() => this.#look())
  }

  #look(): void {
    if (this.#live === undefined) return
    const { answer, position } = this.#log.store('app', kept).snapshot(linesOf)
    this.#waiting.push({ position, rows: answer })
  }

  /** From now on only this version answers. */
  begin(version: number): void {
    this.check()
    this.#live = version
    this.#coming = undefined
  }

  switches(to: number): void {
    this.check()
    this.#coming = to
  }

  /** Looks once more, and holds all that was seen against the versions. */
  check(): void {
    this.#look()
    for (const { position, rows } of this.#waiting.splice(0)) {
      this.samples++
      const count = countAt(this.#drawn, position)
      if (this.#coming === undefined) {
        expect(rows).toEqual(this.#rowsOf(this.#live, count))
        continue
      }
      const possible = [this.#rowsOf(this.#live, count), this.#rowsOf(this.#coming, count)]
      expect(possible).toContainEqual(rows)
      // Once the new version has answered, the old one does not answer any longer.
      if (rows.join() === possible[0]?.join()) continue
      this.#live = this.#coming
      this.#coming = undefined
    }
  }

  #rowsOf(version: number | undefined, count: number): readonly string[] {
    return this.#versions[version ?? 0]?.rows[count] ?? []
  }

  /** Begins to read a topic whole; what it was is looked at in the end. */
  read(topic: NumberTopic): void {
    this.#embedded.refresh()
    if (this.#embedded.topics.find(topic.name) === undefined) return
    const fromEpoch = this.#topics.epoch
    const reading = collect(this.#log.read(topic)).then((records) => {
      const lines = records.map(lineOf)
      return { topic: topic.name, lines, fromEpoch, toEpoch: this.#topics.epoch }
    })
    this.#readings.push(reading)
  }

  /** Each was the beginning of what one version, or one before and another after a switch, has written. */
  async checkReadings(): Promise<void> {
    for (const { topic, lines, fromEpoch, toEpoch } of await Promise.all(this.#readings)) {
      const epochs = Array.from({ length: toEpoch + 1 - fromEpoch }, (_, at) => fromEpoch + at)
      const possible = epochs.map((epoch) =>
        this.#topics.linesIn(epoch, topic, this.#drawn.records.length).slice(0, lines.length),
      )
      expect(possible).toContainEqual(lines)
    }
  }

  checkRows(version: number, count: number): void {
    expect(linesOf(this.#log.store('app', kept))).toEqual(this.#rowsOf(version, count))
  }

  close(): void {
    this.#stop()
  }
}

function linesOf(store: Pick<ReadOnlyKeyValueStore<string, number>, 'range'>): readonly string[] {
  return [...store.range()].map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`).toSorted()
}
