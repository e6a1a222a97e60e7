// The work of the transactional copier that gets killed: consume, transform, produce, each step in one transaction. And what must hold
// of it at any moment.
import { int64, json, string } from '../../src/core/serdes.ts'
import { topic, type Topic } from '../../src/core/topic.ts'
import { checkOffsets } from './checks.ts'
import type { Partitions } from './contents.ts'

/** What the input record of a number becomes. */
interface Copy {
  readonly of: number
  readonly filler: string
}

export const inputs: Topic<string, number> = topic('inputs', { key: string(), value: int64() })
export const copies: Topic<string, Copy> = topic('copies', { key: string(), value: json<Copy>(), partitions: 3 })
/** Gets a record for every input too, so that a transaction always has several topics. */
export const audit: Topic<string, number> = topic('audit', { key: string(), value: int64(), partitions: 2 })
export const copyTopics = [copies, audit]

export const group = 'copier'
export const transactionalId = 'copier-1'

/** Some copies are larger than a page. */
export function copyOf(of: number): Copy {
  return { of, filler: 'x'.repeat((of * 131) % 7_000) }
}

/** The outputs are those of the inputs before the group's position, each once (A3, A4), as it was made (A7) and in its order. */
export function copyViolations(topics: ReadonlyMap<string, Partitions>, position: number): string[] {
  const violations: string[] = []
  const report = (violation: string): number => violations.push(violation)
  checkOffsets(topics, report)
  const copied = decoded(copies, topics)
  for (const copy of copied.flat()) {
    if (copy.filler !== copyOf(copy.of).filler) report(`A7 the copy of ${copy.of} is another one`)
  }
  const lanes = {
    [copies.name]: copied.map((lane) => lane.map(({ of }) => of)),
    [audit.name]: decoded(audit, topics),
  }
  for (const [name, partitions] of Object.entries(lanes)) {
    for (const [partition, numbers] of partitions.entries()) {
      const wrong = numbers.findIndex((of, index) => of <= (numbers[index - 1] ?? -1))
      if (wrong >= 0) report(`A3 ${name}[${partition}]: ${numbers[wrong]} stands behind ${numbers[wrong - 1]}`)
    }
    const sorted = partitions.flat().sort((a, b) => a - b)
    const wrong = sorted.findIndex((of, index) => of !== index)
    if (wrong >= 0) report(`A3 ${name}: input ${sorted[wrong]} where ${wrong} is due`)
    if (sorted.length !== position) report(`A4 ${name} has ${sorted.length} records, the position is ${position}`)
  }
  return violations
}

function decoded<V>({ name, value }: Topic<string, V>, topics: ReadonlyMap<string, Partitions>): V[][] {
  return (topics.get(name) ?? []).map((records) =>
    records.map((record) => value.decode(record.value ?? new Uint8Array())),
  )
}
