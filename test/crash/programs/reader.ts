// Follows topics and tells what it sees. Says `saw TOPIC PARTITION END DIGEST` after each stored batch, `gap …` when
// offsets jump, and `ends A,B,C,D` when the ends of the orders have moved.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, openLog } from '../../../src/index.ts'
import { asBytes, Chain } from '../contents.ts'
import { everyTopic, orders } from '../topics.ts'

export interface ReadCommand {
  readonly role: 'reader'
  readonly dir: string
  /** Others than those of the application. */
  readonly topics?: readonly string[]
}

export async function readAlong({ dir, topics }: ReadCommand): Promise<void> {
  const log = await openLog(dir)
  console.log('opened')
  if (topics !== undefined) await Promise.all(topics.map((name) => follow(log, name)))
  await Promise.all([...everyTopic.map(({ name }) => follow(log, name)), watchEnds(log)])
}

async function appearance(log: Log, name: string): Promise<void> {
  while (!(await log.admin.listTopics()).some((topic) => topic.name === name)) await sleep(20)
}

export async function follow(log: Log, name: string): Promise<void> {
  await appearance(log, name)
  const seen = new Map<number, { readonly chain: Chain; end: number }>()
  for await (const { partition, records } of log.read(asBytes({ name }), { follow: true }).batches()) {
    const state = seen.get(partition) ?? { chain: new Chain(), end: 0 }
    seen.set(partition, state)
    for (const record of records) {
      if (record.offset !== state.end) console.log(`gap ${name}[${partition}]: ${record.offset} after ${state.end - 1}`)
      state.end = record.offset + 1
      state.chain.add(record)
    }
    console.log(`saw ${name} ${partition} ${state.end} ${state.chain.digest()}`)
  }
}

async function watchEnds(log: Log): Promise<void> {
  await appearance(log, orders.name)
  for (let last = ''; ; await sleep(2)) {
    const ends = (await log.admin.endOffsets(orders)).join()
    if (ends !== last) console.log(`ends ${ends}`)
    last = ends
  }
}
