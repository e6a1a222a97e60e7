// What a consumer cannot read ends its loop with an error that says where; it stays usable, and there is a way past.
import { describe, expect, test, vi } from 'vitest'
import { json, topic } from 'millrace'
import type { Member } from '../../../src/log/group/group.ts'
import { encodeGroup, groupKey, type StoredGroup } from '../../../src/log/group/group-row.ts'
import type { OffsetSource, OffsetStage } from '../../../src/log/producer/offset-source.ts'
import { partitionNumberKey } from '../../../src/storage/keys.ts'
import { collect, collectUntilError } from '../../support/collect.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

interface Filled extends OpenedLog {
  readonly id: number
}

/** Batches of 5 records at the offsets 0, 5 and 10. */
async function openFilled(): Promise<Filled> {
  const opened = openTestLog()
  const producer = opened.log.producer()
  for (const base of [0, 5, 10]) {
    await producer.sendMany(
      lines,
      Array.from({ length: 5 }, (_, i) => ({ key: 'k', value: `value ${base + i}` })),
    )
  }
  return { ...opened, id: opened.embedded.describeTopic('lines').id }
}

function replace({ environment, id }: Filled, baseOffset: number, change: (batch: Buffer) => Buffer | undefined): void {
  const key = partitionNumberKey(id, 0, baseOffset)
  const batch = change(environment.get('batches', key) ?? Buffer.alloc(0))
  environment.write((transaction) => {
    if (batch === undefined) transaction.remove('batches', key)
    else transaction.put('batches', key, batch)
  })
}

/** What retention does. */
function deleteBefore({ environment, embedded, id }: Filled, startOffset: number): void {
  const partition = { topic: 'lines', topicId: id, partition: 0 }
  environment.write((transaction) => {
    embedded.partitions.putRow(transaction, partition, { ...embedded.partitions.row(partition), startOffset })
    for (let offset = 0; offset < startOffset; offset += 5) {
      transaction.remove('batches', partitionNumberKey(id, 0, offset))
    }
  })
}

describe.each([
  ['with a flipped bit', (batch: Buffer) => Buffer.concat([batch.subarray(0, 70), Buffer.of(9), batch.subarray(71)])],
  ['that is cut off', (batch: Buffer) => batch.subarray(0, 30)],
  ['that is missing', () => undefined],
])('a batch %s', (_, damage) => {
  test('ends the loop behind the records before it, again and again, until the consumer is sent past it', async () => {
    const opened = await openFilled()
    replace(opened, 5, damage)
    const consumer = opened.log.consumer({ group: 'g', topics: [lines] })
    const first = await collectUntilError(consumer)
    expect(first.items).toHaveLength(5)
    expect(first.error).toMatchObject({ code: 'damaged', topic: 'lines', partition: 0, offset: 9 })
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 5 })
    const again = await collectUntilError(consumer.batches())
    expect(again).toMatchObject({ items: [], error: { code: 'damaged' } })
    consumer.seek(lines, 0, 10)
    expect((await collect(consumer, 5)).map(({ offset }) => offset)).toEqual([10, 11, 12, 13, 14])
    await consumer.close()
  })
})

test('a record that does not decode ends the loop at its offset, and the one behind it is reached by a seek', async () => {
  const { log } = await openFilled()
  const typed = topic('mixed', { key: json<string>(), value: json<{ readonly a: number }>() })
  const text = topic('mixed', { key: lines.key, value: lines.value })
  const producer = log.producer()
  await producer.sendMany(text, [
    { key: '"k"', value: '{"a":1}' },
    { key: '"k"', value: 'no json' },
    { key: '"k"', value: '{"a":2}' },
  ])
  await using consumer = log.consumer({ group: 'g', topics: [typed] })
  const { items, error } = await collectUntilError(consumer)
  expect(items).toMatchObject([{ value: { a: 1 } }])
  expect(error).toMatchObject({ code: 'undecodable', topic: 'mixed', partition: 0, offset: 1 })
  consumer.seek(typed, 0, 2)
  expect(await collect(consumer, 1)).toMatchObject([{ offset: 2, value: { a: 2 } }])
})

test.each(['no row', 'the row of another'])(
  'a group of which %s is read after each join ends the loop',
  async (what) => {
    const { log, environment } = await openFilled()
    const get = environment.get.bind(environment)
    await using other = log.consumer({ group: 'other', topics: [lines] })
    await collect(other, 1)
    const instead = what === 'no row' ? undefined : groupKey('other')
    vi.spyOn(environment, 'get').mockImplementation((table, key) => {
      const isRow = table === 'groups' && Buffer.compare(key, groupKey('g')) === 0
      return isRow ? instead && get(table, instead) : get(table, key)
    })
    const consumer = log.consumer({ group: 'g', topics: [lines] })
    expect(await collectUntilError(consumer)).toMatchObject({ items: [], error: { code: 'damaged' } })
    vi.restoreAllMocks()
    await consumer.close()
  },
)

test('a member in the row that this process speaks for, but does not have, ends the loop of the consumer that would wait for it', async () => {
  const { log, environment, embedded } = await openFilled()
  await using consumer = log.consumer({ group: 'g', topics: [lines] })
  await collect(consumer, 1)
  const stored = embedded.groups.find('g') as StoredGroup
  const [member] = stored.group.members as readonly [Member]
  const ghost: Member = { ...member, memberId: 'ghost' }
  const row = encodeGroup({ group: { ...stored.group, members: [ghost] }, version: stored.version + 1 })
  environment.write((transaction) => transaction.put('groups', groupKey('g'), row))
  expect(await collectUntilError(consumer)).toMatchObject({
    items: [],
    error: { code: 'damaged', message: expect.stringContaining('"ghost"') as string },
  })
})

describe('a position that is not kept any more', () => {
  test('is set by the reset policy, and counted', async () => {
    const opened = await openFilled()
    const consumer = opened.log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
    const [first] = await collect(consumer, 1)
    if (first !== undefined) await consumer.commit(first)
    deleteBefore(opened, 10)
    expect((await collect(consumer, 1))[0]).toMatchObject({ offset: 10 })
    expect(consumer.metrics()).toMatchObject({ resets: 1, missed: 9 })
    await consumer.close()
  })

  test('fails with position_lost where reset is none, and a seek goes on', async () => {
    const opened = await openFilled()
    const consumer = opened.log.consumer({ group: 'g', topics: [lines], reset: 'none' })
    const failure = await rejectionOf(collect(consumer))
    expect(failure).toMatchObject({ code: 'position_lost', topic: 'lines', partition: 0 })
    consumer.seek(lines, 0, 3)
    await collect(consumer, 1)
    deleteBefore(opened, 5)
    expect(await rejectionOf(collect(consumer))).toMatchObject({ code: 'position_lost', offset: 3 })
    consumer.seek(lines, 0, 'beginning')
    expect((await collect(consumer, 1))[0]).toMatchObject({ offset: 5 })
    await consumer.close()
  })

  test('also one behind the end', async () => {
    const { log, environment, embedded } = await openFilled()
    const partition = { topicId: embedded.describeTopic('lines').id, partition: 0 }
    const position = { offset: 99, committedMs: 0, metadata: '' }
    environment.write((transaction) => embedded.positions.put(transaction, 'g', partition, position))
    await using consumer = log.consumer({ group: 'g', topics: [lines] })
    expect((await collect(consumer, 1))[0]).toMatchObject({ offset: 0 })
    expect(consumer.metrics()).toMatchObject({ resets: 1, missed: 0 })
  })
})

test('a topic that is read by its name and deleted ends the loop', async () => {
  const { log, embedded } = await openFilled()
  const consumer = log.consumer({ group: 'g', topics: [lines] })
  const reading = collectUntilError(consumer)
  await new Promise(setImmediate)
  embedded.topics.delete('lines')
  expect(await reading).toMatchObject({ error: { code: 'topic_unknown', topic: 'lines' } })
  await consumer.close()
})

/** What a consumer of a directory gives to the transaction of a producer. */
function stageOf(consumer: OffsetSource): OffsetStage {
  return consumer.stageOffsets() as OffsetStage
}

describe('positions in a transaction of someone else', () => {
  test('are kept with it or not at all', async () => {
    const { log, environment } = await openFilled()
    await using consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
    await collect(consumer.batches({ maxRecords: 7 }), 2).then(async ([batch]) => batch && consumer.seek(lines, 0, 7))
    const refused = stageOf(consumer)
    expect(() =>
      environment.write((transaction) => {
        refused.write(transaction)
        throw new Error('undone')
      }),
    ).toThrow('undone')
    expect(consumer.committed(lines, 0)).toBeUndefined()
    const stage = stageOf(consumer)
    environment.write((transaction) => stage.write(transaction))
    stage.committed()
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 7 })
  })

  test('of a consumer that has lost its partitions undo it whole', async () => {
    const { log, environment, embedded } = await openFilled()
    await using consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
    let error: unknown
    for await (const _ of consumer) {
      const member = embedded.groups.find('g')?.group.members[0]?.memberId ?? ''
      embedded.groups.leave('g', member)
      const stage = stageOf(consumer)
      error = errorOf(() =>
        environment.write((transaction) => {
          transaction.put('meta', Buffer.from('mark'), Buffer.of(1))
          stage.write(transaction)
        }),
      )
      break
    }
    expect(error).toMatchObject({ code: 'member_fenced' })
    expect(environment.get('meta', Buffer.from('mark'))).toBeUndefined()
  })

  test('need a group', async () => {
    const { log } = await openFilled()
    await using consumer = log.consumer({ topics: [words], autoCommitMs: false })
    expect(errorOf(() => stageOf(consumer)).code).toBe('bad_option')
  })

  test('are not taken from a consumer that commits by itself, which would commit what no transaction has', async () => {
    const { log } = await openFilled()
    await using consumer = log.consumer({ group: 'g', topics: [lines] })
    expect(errorOf(() => stageOf(consumer))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('autoCommitMs: false') as string,
    })
  })
})

test('a closed consumer refuses to commit, and its loop is over at once', async () => {
  const { log } = await openFilled()
  const consumer = log.consumer({ group: 'g', topics: [lines] })
  await consumer.close()
  await consumer.close()
  expect(await rejectionOf(consumer.commit())).toMatchObject({ code: 'closed' })
  expect(await collect(consumer)).toEqual([])
})
