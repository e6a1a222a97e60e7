// The application that commands look at while it is killed: it counts parts of rounds by their key. No key comes twice, so
// every count is 1, and there are as many rows and outputs as its positions say that records were read.
import { int64, keyValueStore, type Log, StreamsBuilder, string, topic, type Topology } from '../../src/index.ts'
import type { KeyValueStore } from '../../src/core/store-constants.ts'
import type { Topic } from '../../src/core/topic.ts'
import { left } from './rounds.ts'

export const echoId = 'echo'
export const seen: KeyValueStore<string, number> = keyValueStore('seen', { key: string(), value: int64() })
export const echoes: Topic<string, number> = topic('echoes', { key: string(), value: int64(), partitions: 3 })

const builder = new StreamsBuilder()
builder.stream(left).groupByKey().count({ store: seen }).toStream().to(echoes)
export const echoing: Topology = builder.build()

/** What the application has committed: where it is, and what came of that. */
export interface EchoState {
  readonly positions: readonly number[]
  readonly rows: ReadonlyMap<string, number>
  readonly outputs: readonly string[]
}

/** While no one writes. */
export async function echoStateOf(log: Log): Promise<EchoState> {
  const positions = (await log.admin.lag(echoId)).filter(({ topic: name }) => name === left.name)
  const outputs: string[] = []
  for await (const { key } of log.read(echoes)) outputs.push(String(key))
  return {
    positions: positions.map(({ offset }) => offset),
    rows: new Map([...log.store(echoId, seen).range()].map(({ key, value }) => [key, value])),
    outputs,
  }
}

/** Where positions, rows and outputs contradict each other. */
export function echoViolations({ positions, rows, outputs }: EchoState): string[] {
  const violations: string[] = []
  const read = positions.reduce((sum, position) => sum + position, 0)
  if (rows.size !== read) violations.push(`A3 ${read} records were read, and ${rows.size} rows came of them`)
  if (outputs.length !== read)
    violations.push(`A3 ${read} records were read, and ${outputs.length} outputs came of them`)
  if (new Set(outputs).size !== outputs.length) violations.push('A8 an output is there twice')
  for (const [key, count] of rows) if (count !== 1) violations.push(`A8 ${key} was counted ${count} times`)
  return violations
}
