// An error of the log is no error of a record: no policy passes over it, the application stops.
import { int64, keyValueStore, MillraceError, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { partitionNumberKey } from '../../src/storage/keys.ts'
import { start } from '../support/applications.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const copying = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.to(output)
  stream.groupByKey().count({ store: counts })
})

/** Two batches of three records, the one that begins at `damagedAt` with a flipped bit. */
async function openDamaged(damagedAt: 0 | 3): Promise<OpenedLog & { readonly repair: () => void }> {
  const opened = openTestLog()
  const { log, environment } = opened
  const producer = log.producer()
  for (const base of [0, 3]) {
    const records = [0, 1, 2].map((i) => ({ key: 'a', value: `${base + i}`, timestamp: base + i }))
    await producer.sendMany(input, records)
  }
  const { id } = await log.admin.describeTopic(input)
  const key = partitionNumberKey(id, 0, damagedAt)
  const batch = environment.get('batches', key) as Buffer
  const damaged = Buffer.from(batch)
  damaged[70] = (damaged[70] as number) ^ 4
  environment.write((transaction) => transaction.put('batches', key, damaged))
  return { ...opened, repair: () => environment.write((transaction) => transaction.put('batches', key, batch)) }
}

const corrupt = { code: 'damaged', topic: 'input', partition: 0, offset: 3 }

describe.each(['fail', 'skip', 'deadLetter'] as const)('a corrupt batch, under %s', (onError) => {
  test('stops the application', async () => {
    const { log } = await openDamaged(3)
    const app = await start(log, copying, { onError })
    expect(await rejectionOf(app.caughtUp())).toMatchObject(corrupt)
    expect(await rejectionOf(app.stopped)).toMatchObject(corrupt)
    expect(app.state).toBe('failed')
    expect(await log.admin.endOffsets(output)).toEqual([0])
  })

  test('stops it at the start when it is the first', async () => {
    const { log } = await openDamaged(0)
    expect(await rejectionOf(start(log, copying, { onError }))).toMatchObject({ ...corrupt, offset: 0 })
  })
})

test('what was committed before a corrupt batch stays, and a repaired log goes on', async () => {
  const { log, repair } = await openDamaged(3)
  const failing = await start(log, copying, { commit: { everyRecords: 1 } })
  expect(await rejectionOf(failing.stopped)).toMatchObject(corrupt)
  const [done = -1] = await log.admin.endOffsets(output)
  expect(done).toBeGreaterThanOrEqual(2)
  expect(done).toBeLessThanOrEqual(3)
  repair()
  const app = await start(log, copying)
  await app.caughtUp()
  expect(await log.admin.endOffsets(output)).toEqual([6])
  expect(app.store(counts).get('a')).toBe(6)
})

test('an error of the log inside a turn stops the application too', async () => {
  const { log, environment } = openTestLog()
  await log.producer().send(input, { key: 'a', value: 'x' })
  const broken = new MillraceError('storage_failed', 'the disk is gone')
  const app = await start(log, copying, { onError: 'skip' })
  environment.get = () => {
    throw broken
  }
  await expect(app.stopped).rejects.toBe(broken)
})

test('a function that throws an error of the log stops the application with it', async () => {
  const { log } = openTestLog()
  const thrown = new MillraceError('closed', 'another log is closed')
  const reading = topologyOf((builder) =>
    builder.stream(input).foreach(() => {
      throw thrown
    }),
  )
  await log.producer().send(input, { key: 'a', value: 'x' })
  const app = await start(log, reading, { onError: 'skip' })
  await expect(app.stopped).rejects.toBe(thrown)
})
