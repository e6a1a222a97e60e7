// Damage on disk is an error that names topic, partition and offset: never a wrong record, and never one left out.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partitionKey, partitionNumberKey } from '../../src/storage/keys.ts'
import { collectUntilError } from '../support/collect.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { lines } from '../support/topics.ts'

interface Filled extends OpenedLog {
  /** Puts other bytes in the place of a stored batch; undefined removes it. */
  readonly replace: (baseOffset: number, bytes: Buffer | undefined) => void
  readonly stored: (baseOffset: number) => Buffer
}

/** Batches of 5 records at the offsets 0, 5 and 10. */
async function openFilled(): Promise<Filled> {
  const opened = openTestLog()
  const producer = opened.log.producer()
  for (const base of [0, 5, 10]) {
    const records = Array.from({ length: 5 }, (_, i) => ({ key: 'k', value: `value ${base + i}`, timestamp: base + i }))
    await producer.sendMany(lines, records)
  }
  const { id } = await opened.log.admin.describeTopic(lines)
  const keyOf = (baseOffset: number): Buffer => partitionNumberKey(id, 0, baseOffset)
  return {
    ...opened,
    replace: (baseOffset, bytes) =>
      opened.environment.write((transaction) => {
        if (bytes === undefined) transaction.remove('batches', keyOf(baseOffset))
        else transaction.put('batches', keyOf(baseOffset), bytes)
      }),
    stored: (baseOffset) => {
      const bytes = opened.environment.get('batches', keyOf(baseOffset))
      if (bytes === undefined) throw new Error(`there is no batch at ${baseOffset}`)
      return bytes
    },
  }
}

const corruptAt = (offset: number): object => ({
  code: 'damaged',
  topic: 'lines',
  partition: 0,
  offset,
  message: expect.stringContaining('lines[0]'),
})

const readFrom = (from: number, { log }: OpenedLog): ReturnType<typeof collectUntilError> =>
  collectUntilError(log.read(lines, { from }))

describe('a damaged batch', () => {
  test('ends the read behind the batches before it', async () => {
    const opened = await openFilled()
    const batch = opened.stored(5)
    batch[70] = (batch[70] ?? 0) ^ 1
    opened.replace(5, batch)
    const { items, error } = await readFrom(0, opened)
    expect(items).toHaveLength(5)
    expect(error).toMatchObject(corruptAt(9))
    expect((await readFrom(10, opened)).items).toHaveLength(5)
  })

  test('with any bit flipped is found, from wherever it is read', async () => {
    const opened = await openFilled()
    const batch = opened.stored(5)
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: batch.length * 8 - 1 }), fc.integer({ min: 5, max: 9 }), async (bit, from) => {
        const damaged = Buffer.from(batch)
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        opened.replace(5, damaged)
        const { items, error } = await readFrom(from, opened)
        expect(items).toEqual([])
        expect(error).toMatchObject(corruptAt(9))
      }),
      { numRuns: 150 },
    )
  })

  test('cut off at any length is found, from wherever it is read', async () => {
    const opened = await openFilled()
    const batch = opened.stored(5)
    for (let length = 0; length < batch.length; length += 3) {
      opened.replace(5, batch.subarray(0, length))
      for (const from of [5, 7]) {
        const { items, error } = await readFrom(from, opened)
        expect(items).toEqual([])
        expect(error, `${length} bytes, from ${from}`).toMatchObject(corruptAt(9))
      }
    }
  })

  test('is found when a time is looked for', async () => {
    const opened = await openFilled()
    opened.replace(5, Buffer.alloc(100))
    const { items, error } = await collectUntilError(opened.log.read(lines, { from: { time: 7 } }))
    expect(items).toEqual([])
    expect(error).toMatchObject(corruptAt(5))
  })

  test('is found by the batch that has taken its place', async () => {
    const opened = await openFilled()
    opened.replace(5, opened.stored(10))
    expect((await readFrom(5, opened)).error).toMatchObject(corruptAt(9))
  })
})

describe('a batch that is missing', () => {
  test.each([
    ['at the beginning', 0, 0],
    ['in the middle', 5, 5],
    ['at the end', 10, 10],
  ])('%s is found by a read that comes there', async (_, missing, good) => {
    const opened = await openFilled()
    opened.replace(missing, undefined)
    const { items, error } = await readFrom(0, opened)
    expect(items).toHaveLength(good)
    expect(error).toMatchObject(corruptAt(missing + 4))
  })

  test('is found by a read that begins inside of it', async () => {
    for (const missing of [0, 5, 10]) {
      const opened = await openFilled()
      opened.replace(missing, undefined)
      expect(await readFrom(missing + 3, opened)).toMatchObject({ items: [], error: corruptAt(missing + 4) })
    }
  })

  test('is found when a time is looked for', async () => {
    const opened = await openFilled()
    opened.replace(5, undefined)
    const { error } = await collectUntilError(opened.log.read(lines, { from: { time: 7 } }))
    expect(error).toMatchObject({ code: 'damaged' })
  })
})

describe('a partition whose end is damaged', () => {
  /** The partition with one bit of its stored end flipped. */
  async function openDamaged(bit: number): Promise<Filled> {
    const opened = await openFilled()
    const { id } = await opened.log.admin.describeTopic(lines)
    const key = partitionKey(id, 0)
    const row = opened.environment.get('partitions', key) ?? Buffer.of()
    row[bit >> 3] = (row[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    opened.environment.write((transaction) => transaction.put('partitions', key, row))
    return opened
  }

  test.each([0, 7, 31, 56, 57, 58, 59])('in bit %i is told, and does not hide records from a reader', async (bit) => {
    const { items, error } = await readFrom(0, await openDamaged(bit))
    expect({ records: items.length, error }).toMatchObject({
      error: { code: 'damaged', topic: 'lines', partition: 0 },
    })
  })

  test('is not appended to, over records that are there', async () => {
    const opened = await openDamaged(58)
    const before = opened.stored(10)
    const sent = opened.log.producer().send(lines, { key: 'k', value: 'over' })
    await expect(sent).rejects.toMatchObject({ code: 'damaged', topic: 'lines', partition: 0 })
    expect(opened.stored(10).equals(before)).toBe(true)
  })
})
