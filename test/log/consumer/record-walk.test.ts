// A walk goes over all records of a partition from an offset on, whatever batches hold them; damage is told with a way past it.
import { expect, test } from 'vitest'
import { RecordWalk } from '../../../src/log/consumer/record-walk.ts'
import { type PartitionId, partitionsOf } from '../../../src/log/format/partition-id.ts'
import { partitionNumberKey } from '../../../src/storage/keys.ts'
import { type OpenedLog, openTestLog } from '../../support/open.ts'
import { errorOf } from '../../support/thrown.ts'
import { lines } from '../../support/topics.ts'

/** Three batches of two records. */
async function threeBatches(): Promise<OpenedLog & { readonly partition: PartitionId }> {
  const opened = openTestLog()
  const producer = opened.log.producer()
  for (let batch = 0; batch < 3; batch++) {
    await producer.sendMany(lines, [
      { key: 'k', value: 'one' },
      { key: 'k', value: 'two' },
    ])
  }
  opened.embedded.refresh()
  const [partition] = partitionsOf(opened.embedded.describeTopic(lines.name))
  if (partition === undefined) throw new Error('the topic has no partition')
  return { ...opened, partition }
}

function offsetsOf(walk: RecordWalk): number[] {
  const offsets: number[] = []
  while (walk.next()) offsets.push(walk.cursor.offset)
  return offsets
}

test.each([0, 1, 2, 3, 5, 6])('a walk from offset %i comes to every record from there on', async (from) => {
  const { embedded, partition } = await threeBatches()
  const walk = new RecordWalk(embedded, partition, from)
  expect(offsetsOf(walk)).toEqual([0, 1, 2, 3, 4, 5].filter((offset) => offset >= from))
  expect(walk.offset).toBe(6)
})

test('a walk at the end goes on when there is more', async () => {
  const { log, embedded, partition } = await threeBatches()
  const walk = new RecordWalk(embedded, partition, 5)
  expect(offsetsOf(walk)).toEqual([5])
  await log.producer().send(lines, { key: 'k', value: 'three' })
  embedded.refresh()
  expect(offsetsOf(walk)).toEqual([6])
})

test('a damaged batch is told whenever the walk comes to it, and the walk goes on past it when it is sent there', async () => {
  const { embedded, environment, partition } = await threeBatches()
  const key = partitionNumberKey(partition.topicId, partition.partition, 2)
  environment.write((transaction) => {
    const batch = Buffer.from(environment.get('batches', key) ?? Buffer.alloc(0))
    batch[batch.length - 1] = (batch[batch.length - 1] ?? 0) ^ 1
    transaction.put('batches', key, batch)
  })
  const walk = new RecordWalk(embedded, partition, 0)
  expect([walk.next(), walk.next()]).toEqual([true, true])
  for (let again = 0; again < 2; again++) {
    expect(errorOf(() => walk.next())).toMatchObject({ code: 'damaged', topic: 'lines', partition: 0, offset: 3 })
    expect(walk.offset).toBe(2)
  }
  walk.moveTo(4)
  expect(offsetsOf(walk)).toEqual([4, 5])
})
