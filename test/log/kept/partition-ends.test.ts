// The ends of a topic's partitions, read together: always what they are one by one.
import fc from 'fast-check'
import { string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { partitionKey } from '../../../src/storage/keys.ts'
import { openTestLog } from '../../support/open.ts'
import { errorOf } from '../../support/thrown.ts'

const source = topic('source', { key: string(), value: string(), partitions: 5 })

test('are those that each partition has, whatever was appended since the last time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.stringMatching(/^[a-z]{2}$/), { maxLength: 6 }), { maxLength: 6 }),
      async (rounds) => {
        const { log, embedded } = openTestLog()
        await log.admin.createTopic(source)
        const { id } = embedded.describeTopic('source')
        for (const keys of rounds) {
          await log.producer().sendMany(
            source,
            keys.map((key) => ({ key, value: 'v' })),
          )
          embedded.refresh()
          const one = (partition: number): number => embedded.endOffset({ topic: 'source', topicId: id, partition })
          expect(embedded.ends.of({ name: 'source', id, partitions: 5 })).toEqual([0, 1, 2, 3, 4].map(one))
        }
      },
    ),
    { numRuns: 30 },
  )
})

test.each(['missing', 'flipped', 'swapped'])('are refused where a row is %s', async (damage) => {
  const { log, embedded } = openTestLog()
  await log.admin.createTopic(source)
  const place = embedded.describeTopic('source')
  expect(embedded.ends.of(place)).toEqual([0, 0, 0, 0, 0])
  const key = partitionKey(place.id, 2)
  const row = Buffer.from(embedded.environment.get('partitions', key) ?? [])
  if (damage === 'flipped') row.writeUInt8(row.readUInt8(9) ^ 1, 9)
  embedded.environment.write((transaction) => {
    if (damage === 'missing') transaction.remove('partitions', key)
    else transaction.put('partitions', damage === 'swapped' ? partitionKey(place.id, 3) : key, row)
  })
  embedded.refresh()
  expect(errorOf(() => embedded.ends.of(place))).toMatchObject({ code: 'damaged' })
})

test('are refused for a topic that was deleted', async () => {
  const { log, embedded } = openTestLog()
  await log.admin.createTopic(source)
  const place = embedded.describeTopic('source')
  embedded.ends.of(place)
  await log.admin.deleteTopic('source')
  embedded.refresh()
  expect(errorOf(() => embedded.ends.of(place))).toMatchObject({ code: 'topic_unknown' })
})
