/**
 * The loop over two topics by hand: both have a record for each millisecond, in order, and it takes them alternately.
 */
import { Decoder } from './decoder.ts'
import { batchKey, type Tables } from './tables.ts'

export const [leftTopic, rightTopic] = [1, 2]
const positionKey = Buffer.from('sides')

/** What is done with the records of both sides. */
export interface WorkByHand {
  /** @param side 0 of the left, 1 of the right */
  take(side: number, name: string, timestamp: number, value: number): void
  /** Writes what has changed, in the transaction of the commit; all records before `until` have been taken. */
  write(tables: Tables, until: number): void
}

/** Works on all records, with a durable transaction after so many of them. */
export function workOnSides(tables: Tables, records: number, recordsPerCommit: number, work: WorkByHand): void {
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
    environment.transactionSync(() => {
      work.write(tables, position)
      positions.putSync(positionKey, batchKey(1, position))
    })
  }
}
