// Copies inputs in transactions, some of which it aborts, until it is killed or fenced. Says `opened` when it is the one that may, and
// `committed POSITION` when that is durable.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { MillraceError, openLog } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { audit, copies, copyOf, group, inputs, transactionalId } from '../copying.ts'
import { fencedExitCode } from './counter.ts'
import { stopWhenTold } from './stopping.ts'

export interface CopyCommand {
  readonly role: 'copier'
  readonly dir: string
  readonly batchBytes: number
}

class Aborted extends Error {}

export async function copyUntilKilled({ dir, batchBytes }: CopyCommand, input: AsyncIterator<string>): Promise<void> {
  stopWhenTold(input)
  const log = await openLog(dir)
  const producer = log.producer({ transactionalId, batchBytes, compression: 'snappy' })
  const consumer = log.consumer({ group, assign: [{ topic: inputs, partition: 0 }], autoCommitMs: false })
  await producer.ready()
  say('opened')
  let round = 0
  for await (const { records } of consumer.batches({ maxRecords: 20 })) {
    round++
    const positionBefore = records[0]?.offset ?? 0
    try {
      await producer.transaction(async (tx) => {
        for (const { key, value } of records) {
          tx.send(copies, { key: String(value % 17), value: copyOf(value) })
          tx.send(audit, { key, value })
          if (round % 5 === 0) await Promise.resolve()
        }
        tx.sendOffsets(consumer)
        if (round % 7 === 3) throw new Aborted()
      })
      say(`committed ${positionBefore + records.length}`)
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'fenced') {
        say('fenced')
        process.exitCode = fencedExitCode
        break
      }
      if (!(error instanceof Aborted)) throw error
      consumer.seek(inputs, 0, positionBefore)
    }
    await nextTurn()
  }
  await log.close()
}
