// Whoever stops halfway through a read holds on to no snapshot: the data file grows as it does without them. Only a process
// that hangs in the middle of one does, until it is killed.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Application, keyValueStore, type Log, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openDurableLog } from '../support/open.ts'
import { endWithTest, Program } from '../support/program.ts'
import { lines } from '../support/topics.ts'
import { topologyOf } from '../support/topology.ts'
import { programPath } from './programs.ts'

const rowCount = 600
const rows = keyValueStore('rows', { key: string(), value: string() })

/** A record of a few bytes overwrites a row of 2 KB. */
const overwriting = topologyOf((builder) => {
  builder
    .stream(lines)
    .groupByKey()
    .aggregate({
      initializer: () => '',
      aggregator: (_, value) => value.padEnd(2_000, 'x'),
      value: string(),
      store: rows,
    })
})

interface Overwritten {
  readonly dir: string
  readonly log: Log
  readonly app: Application
  /** Overwrites every row so many times, in a commit each, and returns how large the data file is then. */
  readonly overwrite: (times: number) => Promise<number>
}

async function openOverwritten(): Promise<Overwritten> {
  const { dir, log } = openDurableLog()
  const app = await start(log, overwriting)
  const producer = log.producer()
  let round = 0
  const overwrite = async (times: number): Promise<number> => {
    for (const until = round + times; round < until; round++) {
      const record = (i: number) => ({ key: `key ${i}`, value: `${round}`, timestamp: round })
      await producer.sendMany(
        lines,
        Array.from({ length: rowCount }, (_, i) => record(i)),
      )
      await app.caughtUp()
    }
    return statSync(join(dir, 'data.mdb')).size
  }
  await overwrite(5)
  return { dir, log, app, overwrite }
}

function startReader(dir: string, how: 'idle' | 'busy'): Program {
  return endWithTest(new Program(process.execPath, [programPath('pause-halfway'), dir, how]))
}

test('reads that pause halfway, here and in another process, do not make the data file grow, and come to their end', async () => {
  const alone = await openOverwritten()
  const sizeAlone = await alone.overwrite(20)

  const { dir, log, app, overwrite } = await openOverwritten()
  const records = log.read(lines)[Symbol.asyncIterator]()
  await records.next()
  const following = log.read(lines, { follow: true })[Symbol.asyncIterator]()
  await following.next()
  const range = app.store(rows).range()[Symbol.iterator]()
  range.next()
  const reader = startReader(dir, 'idle')
  expect(await reader.line()).toBe('halfway')
  expect((await overwrite(20)) / sizeAlone).toBeLessThan(3) // 10 and more where one snapshot is held

  let recordsRead = 1
  while ((await records.next()).done !== true) recordsRead++
  let rowsRead = 1
  while (range.next().done !== true) rowsRead++
  reader.say('')
  expect([recordsRead, rowsRead, Number(await reader.line())]).toEqual([5 * rowCount, rowCount, 5 * rowCount])
  await following.return?.()
})

describe('a process that hangs in the middle of a read', () => {
  test('makes the data file grow until it is killed, and no longer', async () => {
    const { dir, overwrite } = await openOverwritten()
    const sizeBefore = await overwrite(5)
    const reader = startReader(dir, 'busy')
    expect(await reader.line()).toBe('halfway')
    expect((await overwrite(10)) / sizeBefore).toBeGreaterThan(3)
    reader.kill()
    await reader.exited
    const sizeOnceFound = await overwrite(16)
    expect((await overwrite(20)) / sizeOnceFound).toBeLessThan(1.1)
  })
})
