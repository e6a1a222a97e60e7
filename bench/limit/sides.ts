/**
 * The loop over two topics by hand: both have a record for each millisecond, in order, and it takes them alternately.
 */
import type { WatchedCommits } from '../commits.ts'
import { joinKey, type JoinOptions } from '../workload.ts'
import { Batch, recordsPerBatch } from './batch.ts'
import { Decoder } from './decoder.ts'
import { batchKey, openTables, type Tables } from './tables.ts'

const [leftTopic, rightTopic] = [1, 2]
const positionKey = Buffer.from('sides')

/** What is done with the records of both sides. */
export interface WorkByHand {
  /** @param side 0 of the left, 1 of the right */
  take(side: number, name: string, timestamp: number, value: number): void
  /** Writes what has changed, in the transaction of the commit; all records before `until` have been taken. */
  write(tables: Tables, until: number): void
}

/** Appends both inputs. */
export async function produceSidesByHand({ dir, keys, records }: JoinOptions): Promise<void> {
  const { environment, log } = openTables(dir)
  const batch = new Batch()
  const value = Buffer.alloc(8)
  for (const [side, topic] of [leftTopic, rightTopic].entries()) {
    for (let base = 0; base < records / 2; base += recordsPerBatch) {
      const end = Math.min(records / 2, base + recordsPerBatch)
      for (let index = base; index < end; index++) {
        value.writeUInt32BE(index, 4)
        batch.addBytes(Buffer.from(joinKey(index, side, keys)), index, value)
      }
      environment.transactionSync(() => log.putSync(batchKey(topic, base), batch.take(base)))
    }
  }
  await environment.close()
}

/** Works on all records, with a durable transaction after every `recordsPerCommit` of them. */
export function workOnSides(
  tables: Tables,
  records: number,
  recordsPerCommit: number,
  commits: WatchedCommits,
  work: WorkByHand,
): void {
  const { environment, log, positions } = tables
  const [leftDecoder, rightDecoder] = [new Decoder(), new Decoder()]
  const waiting: { readonly name: string; readonly value: number }[] = []
  for (let position = 0; position < records / 2;) {
    const from = position
    while (position - from < recordsPerCommit / 2 && position < records / 2) {
      leftDecoder.readBytes(log, leftTopic, position, (bytes, keyStart, keyEnd, valueStart) => {
        waiting.push({ name: bytes.toString('latin1', keyStart, keyEnd), value: bytes.readUInt32BE(valueStart + 4) })
      })
      let next = 0
      position += rightDecoder.readBytes(
        log,
        rightTopic,
        position,
        (bytes, keyStart, keyEnd, valueStart, timestamp) => {
          const first = waiting[next++]
          if (first !== undefined) work.take(0, first.name, timestamp, first.value)
          const name = bytes.toString('latin1', keyStart, keyEnd)
          work.take(1, name, timestamp, bytes.readUInt32BE(valueStart + 4))
        },
      )
      waiting.length = 0
    }
    commits.watch(() =>
      environment.transactionSync(() => {
        work.write(tables, position)
        positions.putSync(positionKey, batchKey(1, position))
      }),
    )
  }
}
