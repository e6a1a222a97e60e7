// Members of four groups on the topic `words`, each with a record in hand, in a process or a worker thread that ends without closing
// anything: alone in its group or beside a survivor, dynamic and static. Only the lease can tell that they are gone.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openLog } from '../../../src/log/log.ts'
import { say } from '../say.ts'
import { words } from '../topics.ts'

const [dir = '', mode = ''] = isMainThread ? process.argv.slice(2) : (workerData as string[])
const tell = (line: string): void => (isMainThread ? say(line) : parentPort?.postMessage(line))

const nothing = (): void => undefined
const log = await openLog(dir, { maintenance: false })
const inHand = new Set<string>()
/** What it is told; a worker is terminated without a word. */
const told = isMainThread ? once(createInterface({ input: process.stdin }), 'line') : new Promise<never>(nothing)

async function hold(group: string, instanceId: string | undefined): Promise<void> {
  const consumer = log.consumer({
    group,
    topics: [words],
    sessionTimeoutMs: 1_800_000,
    ...(instanceId === undefined ? {} : { instanceId }),
    onAssigned: (partitions) => tell(`assigned ${group} ${partitions.length}`),
  })
  for await (const _ of consumer) {
    inHand.add(group)
    if (inHand.size === 4) tell('holds')
    const [how] = (await told) as [string]
    if (how === 'throw') throw new Error('a bug')
    if (how === 'exit') process.exit(0)
    process.kill(process.pid, how)
    await new Promise<never>(nothing)
  }
}

await Promise.all(
  ['beside', 'alone'].flatMap((place) => [
    hold(`${mode}-${place}`, undefined),
    hold(`${mode}-${place}-static`, `${mode}-${place}`),
  ]),
)
