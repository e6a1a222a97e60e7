/**
 * Brings access logs into the log: every line once, however often the import is killed and started again.
 *
 * Each transaction holds the next lines of a source, in all partitions of their topic, together with the place behind them.
 * So what is committed is always a beginning of the source, and the place always fits it. An importer that is overtaken by
 * another one of the same log is refused its next commit.
 */
import { json, type Log, type Producer, type RecordInput, string, type Topic, topic } from 'millrace'
import { accessLogLines } from '../clicks.ts'
import { parseLine, textOf } from './combined-log-format.ts'
import { LineSplitter } from './line-splitter.ts'
import { readAll } from './read-all.ts'
import type { Reading, Source } from './source.ts'

/** How far a source is imported. */
export interface Place {
  readonly bytes: number
  readonly lines: number
  /** Event time of the last line. */
  readonly timestamp: number
  /** Whether the last line had no line break yet: one that directly follows ends it and is no line of its own. */
  readonly isOpen: boolean
  /** How many of the lines are malformed. */
  readonly malformed: number
  readonly firstMalformed?: MalformedLine
}

/** A line that does not belong in an access log. */
interface MalformedLine {
  /** Counts from 1. */
  readonly number: number
  /** Its beginning. */
  readonly text: string
  /** How long it is. */
  readonly bytes: number
  /** What is wrong with it. */
  readonly complaint: string
}

/** The places of all sources, by name; the newest counts. */
const imports = topic('access-log.imports', { key: string(), value: json<Place>() })

const beginning: Place = { bytes: 0, lines: 0, timestamp: 0, isOpen: false, malformed: 0 }
/** Of a malformed line, for its message. */
const shownBytes = 200

export class Importer implements AsyncDisposable {
  readonly #producer: Producer
  readonly #places: Map<string, Place>
  readonly #to: Topic<string, Uint8Array>

  private constructor(producer: Producer, places: Map<string, Place>, to: Topic<string, Uint8Array>) {
    this.#producer = producer
    this.#places = places
    this.#to = to
  }

  /** An importer that goes on where the last one stopped. */
  static async open(log: Log, to: Topic<string, Uint8Array> = accessLogLines): Promise<Importer> {
    // The producer first: from here on no other importer moves the places that are read now.
    const producer = log.producer({ transactionalId: 'access-log-importer' })
    const places = new Map<string, Place>()
    for await (const { key, value } of readAll(log, imports)) places.set(key, value)
    return new Importer(producer, places, to)
  }

  placeOf({ name }: Source): Place {
    return this.#places.get(name) ?? beginning
  }

  /** Lines of all sources. */
  get lines(): number {
    return [...this.#places.values()].reduce((total, { lines }) => total + lines, 0)
  }

  /** Imports what is new in a source; resolves at its end, or soon after the signal aborts. */
  async import(source: Source, { follow, signal }: Pick<Reading, 'follow' | 'signal'>): Promise<void> {
    const from = this.placeOf(source).bytes
    const splitter = new LineSplitter(from)
    for await (const block of source.blocks({ from, follow, signal })) {
      const lines = splitter.split(block)
      await this.#commit(source, lines, { bytes: splitter.position, isOpen: false })
    }
    if (signal.aborted) return
    const rest = splitter.rest()
    await this.#commit(source, rest, { bytes: splitter.position, isOpen: true })
  }

  async #commit(source: Source, lines: readonly Buffer[], end: Pick<Place, 'bytes' | 'isOpen'>): Promise<void> {
    const before = this.placeOf(source)
    const [first, ...others] = lines
    if (first === undefined) return
    let { timestamp, malformed, firstMalformed } = before
    const records = (before.isOpen && first.length === 0 ? others : lines).map(
      (value, index): RecordInput<string, Uint8Array> => {
        const text = textOf(value)
        try {
          const { client, time } = parseLine(text)
          timestamp = time
          return { key: client, value, timestamp }
        } catch (error) {
          malformed++
          firstMalformed ??= malformedLine(before.lines + index + 1, value, error)
          return { key: text.split(' ', 1)[0] ?? '', value, timestamp } // the time of the line before
        }
      },
    )
    const lineCount = before.lines + records.length
    const place = { ...end, lines: lineCount, timestamp, malformed, ...(firstMalformed && { firstMalformed }) }
    await this.#producer.transaction((tx) => {
      tx.sendMany(this.#to, records)
      tx.send(imports, { key: source.name, value: place, timestamp })
    })
    this.#places.set(source.name, place)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#producer.close()
  }
}

function malformedLine(number: number, line: Buffer, error: unknown): MalformedLine {
  const complaint = error instanceof Error ? error.message : String(error)
  return { number, text: textOf(line.subarray(0, shownBytes)), bytes: line.length, complaint }
}
