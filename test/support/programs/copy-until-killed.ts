// Waits for a directory, then copies its inputs in transactions, some of which it aborts, until it is killed; tells the
// positions that are durable.
import { createInterface } from 'node:readline'
import { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { Log } from '../../../src/log/log.ts'
import { Environment } from '../../../src/storage/environment.ts'
import { audit, copies, copyOf, group, inputs, transactionalId } from '../copying.ts'
import { StandInConsumer } from '../stand-in-consumer.ts'

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const dir = String((await input.next()).value)

const embedded = new EmbeddedLog(new Environment(dir))
const producer = new Log(embedded).producer({ transactionalId, batchBytes: 4_096, compression: 'snappy' })
const aborted = new Error('aborted')

for (let round = 0; ; round++) {
  const consumer = new StandInConsumer(embedded, inputs, group)
  try {
    await producer.transaction(async (tx) => {
      for (const { key, value } of consumer.poll(1 + (round % 20))) {
        tx.send(copies, { key: String(value % 17), value: copyOf(value) })
        tx.send(audit, { key, value })
        if (round % 5 === 0) await Promise.resolve()
      }
      tx.sendOffsets(consumer)
      if (round % 7 === 3) throw aborted
    })
    console.log(consumer.committed)
  } catch (error) {
    if (error !== aborted) throw error
  }
}
