// A switch that replaces topics looks after those who read them; and what belongs to versions goes with their application.
import { int64, type Log, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { partitionsOf } from '../../src/log/format/partition-id.ts'
import { start, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { applicationId, beside, counted, counting, countOf, say, twoVersions } from '../support/counting-versions.ts'
import { openTestLog } from '../support/open.ts'
import { recordsOf } from '../support/partition-contents.ts'
import { startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

test('topics are not replaced while a member of a group reads them, and are when it has left', async () => {
  const { log, old, v2 } = await twoVersions('a')
  const consumer = log.consumer({ group: 'billing', topics: [counted] })
  for await (const { value } of consumer) {
    expect(value).toBe(1)
    const refused = await rejectionOf(v2.switch({ outputs: 'replace' }))
    expect(refused).toMatchObject({
      code: 'switch_refused',
      message: expect.stringContaining('group "billing" reads topic "counted" now'),
    })
    break
  }
  expect([old.state, countOf(log, 'a')]).toEqual(['running', 1])
  await consumer.close()
  await v2.switch({ outputs: 'replace' })
  expect(countOf(log, 'a')).toBe(10)
})

describe('what follows a topic that is replaced, and is no member of a group,', () => {
  /** A version beside counts tens; what a loop gets of the word that is said before the switch, and after it. */
  async function acrossSwitch(
    loop: (log: Log) => AsyncIterable<{ readonly value: number }>,
  ): Promise<readonly [readonly number[], unknown]> {
    const { log, v2 } = await twoVersions('a')
    const values: number[] = []
    const reading = (async () => {
      for await (const { value } of loop(log)) {
        values.push(value)
        if (value >= 20) break
      }
    })().catch((error: unknown) => error)
    await until(() => values.length > 0)
    await v2.switch({ outputs: 'replace' })
    await say(log, 'a')
    const end = await reading
    return [values, end]
  }
  const replaced = { code: 'superseded', topic: 'counted', message: expect.stringContaining('Read it again') }

  test('by log.read, is told instead of waiting for ever for records of the old one', async () => {
    expect(await acrossSwitch((log) => log.read(counted, { follow: true }))).toEqual([
      [1],
      expect.objectContaining(replaced),
    ])
  })

  test('by partitions that were assigned, is told too', async () => {
    const assign = [0, 1].map((partition) => ({ topic: counted, partition }))
    expect(await acrossSwitch((log) => log.consumer({ assign }))).toEqual([[1], expect.objectContaining(replaced)])
  })

  test('as a consumer without a group, goes on with the new one, from its first record', async () => {
    const [values, end] = await acrossSwitch((log) => log.consumer({ topics: [counted] }))
    expect(end).toBeUndefined()
    expect(values).toEqual([1, ...Array.from({ length: 20 }, (_, at) => at + 1)])
  })

  test('but only reads what is there, comes to its end', async () => {
    const { log, v2 } = await twoVersions('a')
    const reading = log.read(counted)[Symbol.asyncIterator]()
    expect(await reading.next()).toMatchObject({ value: { value: 1 } })
    await v2.switch({ outputs: 'replace' })
    expect(await reading.next()).toEqual({ done: true, value: undefined })
  })
})

const hidden = async (log: Log): Promise<string[]> =>
  (await log.admin.listTopics({ hidden: true })).map(({ name }) => name).filter((name) => name.includes('@'))

test('the hidden topics of all versions go with their application, those of its live version too', async () => {
  const { log, v2 } = await twoVersions('a')
  const v3 = await beside(log, 'v3', 100)
  await v2.switch({ outputs: 'replace' })
  expect(await hidden(log)).toEqual(expect.arrayContaining(['counted@app@v1', 'counted@app@v3']))
  await v3.close()
  await v2.close()
  await log.admin.deleteApplication(applicationId)
  expect(await hidden(log)).toEqual([])
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  await (await start(log, counting(1))).caughtUp()
  expect(countOf(log, 'a')).toBe(1)
})

const numbers = topic('numbers', { key: string(), value: int64(), partitions: 3 })
const doubled = topic('doubled', { key: string(), value: int64(), partitions: 3 })
/** Refuses odd numbers. */
const doubling = topologyOf((builder) => {
  builder
    .stream(numbers)
    .mapValues(({ value }) => {
      if (value % 2 === 1) throw new Error('odd')
      return value * 2
    })
    .to(doubled)
})

/** What a topic holds, hidden or not, in the order of the values. */
function valuesIn(log: EmbeddedLog, name: string): number[] {
  log.refresh()
  return partitionsOf(log.topics.describe(name))
    .flatMap((partition) => recordsOf(log, partition))
    .map(({ value }) => int64().decode(Buffer.from(value ?? '', 'hex')))
    .toSorted((a, b) => a - b)
}

test('a version beside reads letters that were sent again as the live one has, begun before that or after', async () => {
  const { log, embedded } = openTestLog()
  const records = [1, 2, 3, 4].map((value) => ({ key: `k${value}`, value, timestamp: value }))
  await log.producer().sendMany(numbers, records)
  const onError = 'deadLetter'
  const live = await start(log, doubling, { onError })
  await live.caughtUp()
  const early = await startReplay(log, doubling, { version: 'early', onError })
  await early.caughtUp()
  const letters = log.admin.deadLetters('app')
  for (const letter of await collect(letters.list()))
    await letters.redrive([letters.edit(letter, numbers, { value: 10 * letter.timestamp })])
  await live.caughtUp()
  const late = await startReplay(log, doubling, { version: 'late', onError })
  for (const version of [early, late]) {
    await version.caughtUp()
    expect(valuesIn(embedded, `doubled@app@${version.version}`)).toEqual([4, 8, 20, 60])
    expect((await version.compare()).isEqual).toBe(true)
  }
  await late.switch({ outputs: 'replace' })
  expect(valuesIn(embedded, 'doubled')).toEqual([4, 8, 20, 60])
  expect(await letters.redrive({})).toMatchObject({ sent: 0, alreadySent: 2 })
})
