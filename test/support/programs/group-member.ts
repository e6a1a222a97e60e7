// A member of the group `g` on the topic `words`. It prints every record when it is through with it; told to hold, it keeps a batch
// in hand until it is given a line, and says how its commit went. The line `stop` makes it stop itself (SIGSTOP): between two
// commits, because in the middle of one it would keep everybody from committing until it goes on.
import { createInterface } from 'node:readline'
import { MillraceError } from '../../../src/core/errors.ts'
import { openLog } from '../../../src/log/log.ts'
import { say } from '../say.ts'
import { words } from '../topics.ts'

const [dir = '', name = '', mode = ''] = process.argv.slice(2)
const log = await openLog(dir)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const consumer = log.consumer({
  group: 'g',
  topics: [words],
  clientId: name,
  sessionTimeoutMs: 600,
  heartbeatMs: 100,
  autoCommitMs: mode === 'hold' ? false : 20,
  onAssigned: (partitions) => say(`assigned ${partitions.length}`),
  onLost: (partitions) => say(`lost ${partitions.length}`),
})
/** Waits for a line that does not stop it. */
async function told(): Promise<void> {
  while ((await lines.next()).value === 'stop') process.kill(process.pid, 'SIGSTOP')
}

if (mode === 'hold') {
  for await (const batch of consumer.batches()) {
    say(`holds ${batch.partition}`)
    await told()
    try {
      await consumer.commit(batch)
      say('committed')
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      say(`refused ${error.code}`)
    }
  }
}
void told()
for await (const { partition, offset } of consumer) say(`read ${partition} ${offset} ${consumer.metrics().generation}`)
