// A producer costs what it has to write: one that is dropped without being closed is gone, and loses nothing.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { openLog } from '../../src/log/log.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { lines } from '../support/topics.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const record = { key: 'a', value: 'b' }

test('a producer that is dropped when its records are written is collected', async () => {
  const { log } = openTestLog()
  const dropped: WeakRef<object>[] = []
  for (let i = 0; i < 10; i++) {
    const producer = log.producer()
    await producer.send(lines, record)
    dropped.push(new WeakRef(producer))
  }
  for (let round = 0; round < 5; round++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  expect(dropped.filter((producer) => producer.deref() !== undefined).length).toBeLessThan(3)
})

test('a producer that is dropped before writes its records all the same, at the latest when the log closes', async () => {
  const dir = temporaryDirectory()
  const log = await openLog(dir, { maintenance: false })
  await log.producer({ acks: 1, lingerMs: 100_000 }).send(lines, record)
  for (let round = 0; round < 5; round++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  await log.close()
  expect(await collect(openTestLog(dir).log.read(lines))).toHaveLength(1)
})
