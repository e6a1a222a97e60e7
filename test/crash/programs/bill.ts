// Follows the results of the application as the only member of a group, and commits what it has read. Says `read PARTITION OFFSET OF BY`
// for each record before that; `close` makes it leave.
import { openLog } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { groupName, results } from '../versioned.ts'
import { obey } from './version-runner.ts'

export interface BillCommand {
  readonly role: 'bill'
  readonly dir: string
}

export async function billUntilKilled({ dir }: BillCommand, input: AsyncIterator<string>): Promise<void> {
  const log = await openLog(dir)
  const consumer = log.consumer({
    group: groupName,
    topics: [results],
    sessionTimeoutMs: 600,
    heartbeatMs: 100,
    autoCommitMs: 20,
    onAssigned: () => say('assigned'),
  })
  void obey(input, () => consumer.close())
  for await (const { partition, offset, value } of consumer) say(`read ${partition} ${offset} ${value.of} ${value.by}`)
  await log.close()
  process.exit()
}
