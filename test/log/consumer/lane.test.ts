// A lane hands out its records through one hand at a time, and stands by it until it is sent elsewhere, paused or taken away.
import { describe, expect, test } from 'vitest'
import { type Codec, codecOf } from '../../../src/core/serde.ts'
import { Lane } from '../../../src/log/consumer/lane.ts'
import { partitionsOf } from '../../../src/log/format/partition-id.ts'
import { openTestLog } from '../../support/open.ts'
import { lines } from '../../support/topics.ts'

/** A lane at the beginning of a partition with six records. */
async function laneOfSix(): Promise<Lane> {
  const { log, embedded } = openTestLog()
  await log.producer().sendMany(
    lines,
    Array.from({ length: 6 }, (_, i) => ({ key: 'k', value: `${i}` })),
  )
  embedded.refresh()
  const [partition] = partitionsOf(embedded.describeTopic(lines.name))
  if (partition === undefined) throw new Error('the topic has no partition')
  const text = codecOf(lines.key) as Codec<unknown>
  const lane = new Lane(embedded, partition, { key: text, value: text })
  lane.moveTo(0)
  return lane
}

const offsetsOf = (records: readonly { readonly offset: number }[] | undefined): number[] | undefined =>
  records?.map(({ offset }) => offset)

describe('a hand', () => {
  test('moves the position by what it hands out, and nothing is done before the user says so', async () => {
    const lane = await laneOfSix()
    const hand = lane.fetch(4)
    expect(lane.position).toBe(0)
    expect(hand?.take()?.offset).toBe(0)
    expect(hand?.take()?.offset).toBe(1)
    expect([lane.position, lane.handedOutToCommit, lane.doneToCommit]).toEqual([2, 2, undefined])
    expect(hand?.done()).toBe(true)
    expect(lane.doneToCommit).toBe(2)
    expect(hand?.done()).toBe(false)
  })

  test('hands out together what is left, in fetches that follow each other', async () => {
    const lane = await laneOfSix()
    expect(offsetsOf(lane.fetch(4)?.takeAll())).toEqual([0, 1, 2, 3])
    expect(offsetsOf(lane.fetch(4)?.takeAll())).toEqual([4, 5])
    expect(lane.fetch(4)).toBeUndefined()
  })

  test('hands out each record once, one by one and together', async () => {
    const lane = await laneOfSix()
    const hand = lane.fetch(6)
    expect(hand?.take()?.offset).toBe(0)
    expect(offsetsOf(hand?.takeAll())).toEqual([1, 2, 3, 4, 5])
    expect([hand?.take(), hand?.hasMore, lane.position]).toEqual([undefined, false, 6])
  })

  test('that is not handed out to its end leaves the rest to the next fetch', async () => {
    const lane = await laneOfSix()
    lane.fetch(4)?.take()
    expect(offsetsOf(lane.fetch(4)?.takeAll())).toEqual([1, 2, 3, 4])
  })

  test.each([
    ['is sent elsewhere', (lane: Lane) => lane.moveTo(5)],
    ['is paused', (lane: Lane) => lane.pause()],
    ['is let go', (lane: Lane) => lane.letGo()],
  ])('hands out nothing more when its lane %s after the fetch', async (_, act) => {
    const lane = await laneOfSix()
    const hand = lane.fetch(4)
    act(lane)
    const { position } = lane
    expect(hand?.take()).toBeUndefined()
    expect(hand?.takeAll()).toEqual([])
    expect(lane.position).toBe(position)
  })

  test('whose lane is sent elsewhere has nothing that is done, or that comes again', async () => {
    const lane = await laneOfSix()
    const hand = lane.fetch(4)
    hand?.take()
    lane.moveTo(5)
    hand?.giveBack()
    expect(hand?.done()).toBe(false)
    expect(lane.position).toBe(5)
    expect(offsetsOf(lane.fetch(4)?.takeAll())).toEqual([5])
  })

  test('whose lane is taken away has nothing that is done', async () => {
    const lane = await laneOfSix()
    const hand = lane.fetch(4)
    hand?.take()
    lane.letGo()
    expect(hand?.done()).toBe(false)
    expect(lane.doneToCommit).toBeUndefined()
  })

  test('that is given back comes again, unless a commit says that it is done', async () => {
    const lane = await laneOfSix()
    const hand = lane.fetch(4)
    hand?.takeAll()
    hand?.giveBack()
    expect(lane.position).toBe(0)
    lane.commit(3)
    expect(offsetsOf(lane.fetch(4)?.takeAll())).toEqual([3, 4, 5])
  })
})

test('a large batch without a record that is due does not hide the next one', async () => {
  const { log } = openTestLog()
  const large = 'x'.repeat(1_500_000)
  await log.admin.createTopic({ name: 'lines', config: { cleanupPolicy: 'compact', maxMessageBytes: 4_000_000 } })
  const producer = log.producer({ batchBytes: 4_000_000 })
  await producer.sendMany(lines, [
    { key: 'kept', value: large },
    { key: 'k', value: 'old' },
  ])
  await producer.send(lines, { key: 'k', value: 'new' })
  await log.admin.runMaintenance()
  await using consumer = log.consumer({ topics: [lines], autoCommitMs: false })
  consumer.seek(lines, 0, 1)
  expect(consumer.lag(lines, 0)).toBe(2)
  for await (const { offset } of consumer) {
    expect(offset).toBe(2)
    break
  }
})
