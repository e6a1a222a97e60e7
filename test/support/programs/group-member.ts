// A member of the group `g` on the topic `words`. Told to hold, it keeps a batch in hand until it is given a line, and says how its commit
// went; else it reads on. The line `stop` makes it stop itself (SIGSTOP): between two commits.
import { createInterface } from 'node:readline'
import { memberOf, readAsMember } from '../../crash/programs/member.ts'
import { MillraceError } from '../../../src/core/errors.ts'
import { openLog } from '../../../src/log/log.ts'
import { say } from '../say.ts'

const [dir = '', name = '', mode = ''] = process.argv.slice(2)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** Waits for a line that does not stop it. */
async function told(): Promise<void> {
  while ((await lines.next()).value === 'stop') process.kill(process.pid, 'SIGSTOP')
}

if (mode !== 'hold') await readAsMember({ dir, name }, lines)
const consumer = memberOf(await openLog(dir), name, false)
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
