// What reads the outputs of an application is replayed in the transaction of a switch: afterwards the whole chain is as if there had
// never been another version.
import { int64, keyValueStore, type Log, string, type SwitchOptions, type SwitchOutputs, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { applicationId, counted, counting, say, twoVersions } from '../support/counting-versions.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

const further = topic('further', { key: string(), value: int64(), partitions: 2 })
const sums = keyValueStore('sums', { key: string(), value: int64() })
const seen = keyValueStore('seen', { key: string(), value: int64() })

/** Adds up the counts of each key, and says each sum. */
const adding = topologyOf((builder) =>
  builder
    .stream(counted)
    .groupByKey()
    .aggregate({ initializer: () => 0, aggregator: (_, value, sum) => sum + value, value: int64(), store: sums })
    .toStream()
    .to(further),
)
/** Counts what that says. */
const watching = topologyOf((builder) => builder.stream(further).groupByKey().count({ store: seen }))

async function run(log: Log, id: 'adder' | 'watcher'): Promise<void> {
  const app = await start(log, id === 'adder' ? adding : watching, { applicationId: id })
  await app.caughtUp()
  await app.close()
}

/** An application in two versions, one that reads what it writes, and one that reads what that writes. */
async function chain() {
  const versions = await twoVersions('a', 'b', 'a')
  await run(versions.log, 'adder')
  await run(versions.log, 'watcher')
  return versions
}

async function valuesIn(log: Log, from: typeof further, key: string): Promise<readonly number[]> {
  return (await collect(log.read(from))).filter((record) => record.key === key).map(({ value }) => value)
}

async function healthy(log: Log): Promise<void> {
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
}

const runningSums = (values: readonly number[]): number[] => {
  let sum = 0
  return values.map((value) => (sum += value))
}

const emptied = { applicationId: 'adder', outputs: 'empty' } as const

describe('an application that reads what is switched', () => {
  for (const outputs of ['replace', 'continue'] as const satisfies readonly SwitchOutputs[]) {
    test(`starts over with empty outputs, and so does what reads those (${outputs})`, async () => {
      const { log } = await chain()
      const options: SwitchOptions = { outputs, reset: [emptied, 'watcher'] }
      const planned = await log.admin.switchVersion(applicationId, 'v2', { ...options, dryRun: true })
      expect(planned).toMatchObject({ refusals: [], reset: ['adder', 'watcher'] })
      expect(planned.topics).toContainEqual({ topic: 'further', records: 0, recordsBefore: 3 })
      expect(planned.readers).toContainEqual({ topic: 'further', applicationId: 'watcher' })
      expect(await valuesIn(log, further, 'a')).toEqual([1, 3])
      expect(await log.admin.switchVersion(applicationId, 'v2', options)).toEqual(planned)
      expect(await valuesIn(log, further, 'a')).toEqual([])
      expect([log.store('adder', sums).get('a'), log.store('watcher', seen).get('a')]).toEqual([undefined, undefined])
      await say(log, 'a')
      const live = await start(log, counting(10), { version: 'v2' })
      await live.caughtUp()
      await run(log, 'adder')
      await run(log, 'watcher')
      for (const key of ['a', 'b']) {
        const expected = runningSums(await valuesIn(log, counted, key))
        expect(await valuesIn(log, further, key)).toEqual(expected)
        expect(log.store('adder', sums).get(key)).toBe(expected.at(-1))
        expect(log.store('watcher', seen).get(key)).toBe(expected.length)
      }
      await healthy(log)
    })
  }

  test('keeps its outputs where nothing else is said: what it writes comes after them', async () => {
    const { log } = await chain()
    const planned = await log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace', reset: ['adder'] })
    expect(planned.topics.map(({ topic: name }) => name)).toEqual(['counted'])
    await run(log, 'adder')
    const again = runningSums(await valuesIn(log, counted, 'b'))
    expect(await valuesIn(log, further, 'b')).toEqual([1, ...again])
  })

  test('gets the old outputs again with the way back', async () => {
    const { log } = await chain()
    await log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace', reset: [emptied, 'watcher'] })
    await run(log, 'adder')
    await log.admin.switchBack(applicationId, { reset: [emptied, 'watcher'] })
    await run(log, 'adder')
    await run(log, 'watcher')
    expect(await valuesIn(log, further, 'a')).toEqual([1, 3])
    expect([log.store('adder', sums).get('a'), log.store('watcher', seen).get('a')]).toEqual([3, 2])
    await healthy(log)
  })
})

describe('is refused, and nothing has changed', () => {
  test.each<readonly [string, readonly (string | typeof emptied)[]]>([
    ['application "adder" has read topic "counted"', []],
    ['application "watcher" has read topic "further"', [emptied]],
  ])('where %s and does not start over', async (why, reset) => {
    const { log, old } = await chain()
    const refused = await rejectionOf(log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace', reset }))
    expect(refused).toMatchObject({ code: 'switch_refused', message: expect.stringContaining(why) as string })
    expect([old.state, await valuesIn(log, further, 'a')]).toEqual(['running', [1, 3]])
  })

  test('where a topic that is to be emptied is written by the application that switches', async () => {
    const { log, old } = await twoVersions('a')
    const echoing = topologyOf((builder) => builder.stream(further).to(counted))
    await log.admin.createTopic(further)
    await log.producer().send(further, { key: 'a', value: 7 })
    const echo = await start(log, echoing, { applicationId: 'echo' })
    await echo.caughtUp()
    await echo.close()
    const options: SwitchOptions = { outputs: 'continue', reset: [{ applicationId: 'echo', outputs: 'empty' }] }
    const refused = await rejectionOf(log.admin.switchVersion(applicationId, 'v2', options))
    expect(refused).toMatchObject({
      code: 'switch_refused',
      message: expect.stringContaining(
        'topic "counted" is to be emptied for "echo", and "app" writes it too',
      ) as string,
    })
    expect([old.state, await valuesIn(log, counted, 'a')]).toEqual(['running', [1, 7]])
  })

  test.each([
    ['application_unknown', 'missing'],
    ['bad_option', applicationId],
    ['bad_option', { applicationId: 'adder', outputs: 'some' }],
    ['bad_option', { applicationId: 'adder', outputs: ['counted'] }],
    ['bad_option', { applicationId: 'adder', output: 'empty' }],
    ['bad_option', {}],
    ['bad_option', null],
  ])('with %s for %j', async (code, one) => {
    const { log, old } = await chain()
    const options = { outputs: 'replace', reset: [one] } as unknown as SwitchOptions
    expect(await rejectionOf(log.admin.switchVersion(applicationId, 'v2', options))).toMatchObject({ code })
    expect(old.state).toBe('running')
  })
})
