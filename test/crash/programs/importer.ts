// A plain producer: commits whole prefixes of the input over all partitions, each together with its place, and goes on
// behind its place when it starts again. Says `ack N` when N records are acknowledged.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, openLog, type Producer, type ProducerOptions } from '../../../src/index.ts'
import { type InputRecord, inputOf, type Plan, prefixEndsOf } from '../input.ts'
import { Random } from '../random.ts'
import { orders, place, returns } from '../topics.ts'

export interface ImportCommand {
  readonly role: 'importer'
  readonly dir: string
  readonly plan: Plan
  /** The longest pause between two prefixes. */
  readonly pauseMs: number
  readonly producer: Pick<ProducerOptions, 'batchBytes' | 'compression'>
}

export async function importPrefixes({ dir, plan, pauseMs, producer: options }: ImportCommand): Promise<void> {
  const log = await openLog(dir)
  const random = new Random(process.pid)
  const input = inputOf(plan)
  const producer = log.producer(options)
  let at = await readPlace(log)
  console.log(`opened at ${at}`)
  for (const end of prefixEndsOf(plan)) {
    if (end <= at) continue
    await sendPrefix(producer, input.slice(at, end), end)
    console.log(`ack ${end}`)
    at = end
    if (pauseMs > 0) await sleep(random.int(0, pauseMs))
  }
  await log.close()
  console.log('done')
}

export async function readPlace(log: Log): Promise<number> {
  const topics = await log.admin.listTopics()
  let at = 0
  if (topics.some(({ name }) => name === place.name)) for await (const { value } of log.read(place)) at = value
  return at
}

/** Sends without an await in between: one commit. */
export function sendPrefix(producer: Producer, records: readonly InputRecord[], end: number): Promise<unknown> {
  return Promise.all([
    ...[orders, returns].map((topic) =>
      producer.sendMany(
        topic,
        records.filter((record) => record.topic === topic.name),
      ),
    ),
    producer.send(place, { key: 'importer', value: end, timestamp: 0 }),
  ])
}
