/**
 * Where `consume` puts the records that it reads: those that are wanted, as many as are wanted, to the output.
 */
import type { Output } from './output.ts'
import {
  type Format,
  formattedLine,
  type Forms,
  type RawRecord,
  recordJson,
  shownKey,
  shownValue,
} from './record-line.ts'

export interface SinkOptions {
  readonly out: Output
  readonly time: (ms: number) => string
  readonly format: Format
  readonly formsOf: (topic: string) => Forms
  /** Only records with this key, as it is shown. */
  readonly key: string | undefined
  /** Only records whose key or value matches. */
  readonly grep: RegExp | undefined
  readonly countMax: number
}

export class RecordSink {
  readonly #options: SinkOptions
  #count = 0

  constructor(options: SinkOptions) {
    this.#options = options
  }

  /** How many records were wanted so far. */
  get count(): number {
    return this.#count
  }

  /** Whether there are as many as were asked for. */
  get isFull(): boolean {
    return this.#count >= this.#options.countMax
  }

  /** Takes records of one topic, until it is full; returns how many it has looked at. They wait in the output. */
  async take(records: readonly RawRecord[]): Promise<number> {
    const { out, format, formsOf, time, countMax } = this.#options
    const [first] = records
    if (first === undefined) return 0
    const forms = formsOf(first.topic)
    const form = { time, isTerminal: out.isTerminal }
    let at = 0
    while (at < records.length && this.#count < countMax) {
      const record = records[at++] as RawRecord
      if (!this.#isWanted(record, forms)) continue
      this.#count++
      const line = out.isJson
        ? `${out.harmless(recordJson(record, forms))}\n`
        : formattedLine(format, record, forms, form)
      if (out.add(line)) await out.flush()
    }
    return at
  }

  #isWanted(record: RawRecord, forms: Forms): boolean {
    const { key, grep } = this.#options
    if (key !== undefined && shownKey(record, forms) !== key) return false
    return grep === undefined || grep.test(shownKey(record, forms)) || grep.test(shownValue(record, forms))
  }
}
