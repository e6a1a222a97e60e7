// A member of the group `g` on the topic `words`. It says every record when it is through with it, until it is killed.
import { type Consumer, type Log, type LogRecord, openLog } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { words } from '../../support/topics.ts'
import { stopWhenTold } from './stopping.ts'

export interface JoinCommand {
  readonly role: 'member'
  readonly dir: string
  readonly name: string
}

export const groupName = 'g'

/** A consumer that is silent for 600 ms is gone. */
export function memberOf(log: Log, name: string, autoCommitMs: number | false): Consumer<LogRecord<string, string>> {
  return log.consumer({
    group: groupName,
    topics: [words],
    clientId: name,
    sessionTimeoutMs: 600,
    heartbeatMs: 100,
    autoCommitMs,
    onAssigned: (partitions) => say(`assigned ${partitions.length}`),
    onLost: (partitions) => say(`lost ${partitions.length}`),
  })
}

export async function readAsMember(
  { dir, name }: Omit<JoinCommand, 'role'>,
  input: AsyncIterator<string>,
): Promise<void> {
  const consumer = memberOf(await openLog(dir), name, 20)
  stopWhenTold(input)
  for await (const { partition, offset } of consumer)
    say(`read ${partition} ${offset} ${consumer.metrics().generation}`)
}
