// Records as lines, as the naive evaluator of the model shows them.
import { type Header, int64 } from 'millrace'
import { codecOf } from '../../src/core/serde.ts'
import { RecordWalk } from '../../src/log/consumer/record-walk.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { shown } from '../model/naive.ts'

const values = codecOf(int64())

interface Read {
  readonly key: string | null
  readonly value: number | null
  readonly timestamp: number
  readonly headers: readonly Header[]
}

export function lineOf({ key, value, timestamp, headers }: Read): string {
  const list = headers.map((header) => `${header.key}=${Buffer.from(header.value ?? []).toString()}`)
  return shown({ key, value, timestamp, old: null, headers: list.join() })
}

/** The event time of such a line. */
export function timeOf(line: string): number {
  return Number(/@(\d+) [^@]*$/.exec(line)?.[1])
}

/** What a topic of one partition holds; nothing where there is none. */
export function linesIn(log: EmbeddedLog, name: string): readonly string[] {
  log.refresh()
  const topic = log.topics.find(name)
  if (topic === undefined) return []
  const lines: string[] = []
  const walk = new RecordWalk(log, { topic: name, topicId: topic.id, partition: 0 }, 0)
  while (walk.next()) {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamp, headers } = walk.cursor
    const key = keyEnd < 0 ? null : bytes.toString('utf8', keyStart, keyEnd)
    const value = valueEnd < 0 ? null : values.read(bytes, valueStart, valueEnd)
    lines.push(lineOf({ key, value, timestamp, headers }))
  }
  return lines
}
