// Where an application begins that has never been here, and that it goes on there.
import { ManualClock, type StreamOptions, StreamsBuilder, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf } from '../support/thrown.ts'
import { input, output } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const other = topic('other', { key: string(), value: string(), partitions: 2 })

function copying(reset?: StreamOptions['reset']) {
  const builder = new StreamsBuilder()
  builder.stream(input, reset === undefined ? {} : { reset }).to(output)
  return builder.build()
}

const record = (value: string) => ({ key: 'a', value, timestamp: 1 })

describe('reset', () => {
  test.each([
    [undefined, ['old', 'new']],
    ['earliest', ['old', 'new']],
    ['latest', ['new']],
  ] as const)('%s begins with %j', async (reset, expected) => {
    const { log } = openTestLog()
    const producer = log.producer()
    await producer.send(input, record('old'))
    const app = await start(log, copying(reset))
    await producer.send(input, record('new'))
    await app.caughtUp()
    expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(expected)
  })

  test.each([
    [{ time: 2 }, ['b', 'c', 'new']],
    [{ time: 0 }, ['a', 'b', 'c', 'new']],
    [{ time: 9 }, ['new']],
    [{ ago: 7 }, ['c', 'new']],
    [{ ago: 10 }, ['a', 'b', 'c', 'new']],
    [{ ago: 100 }, ['a', 'b', 'c', 'new']],
    [{ ago: 0 }, ['new']],
  ] as const)('%j begins with %j', async (reset, expected) => {
    const { log } = openTestLog(temporaryDirectory(), { clock: new ManualClock(10) })
    const producer = log.producer()
    for (const [timestamp, value] of ['a', 'b', 'c'].entries())
      await producer.send(input, { key: 'k', value, timestamp: timestamp + 1 })
    const app = await start(log, copying(reset))
    await producer.send(input, { key: 'k', value: 'new', timestamp: 4 })
    await app.caughtUp()
    expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(expected)
  })

  test.each(['newest', {}, { ago: -1 }, { ago: 1.5 }, { time: '1' }, { ago: 1, time: 1 }, null, 5])(
    'refuses %j',
    (reset) => {
      expect(errorOf(() => call(new StreamsBuilder(), 'stream', input, { reset }))).toMatchObject({
        code: 'bad_option',
      })
    },
  )

  test.each([
    ['a topic with records', true],
    ['an empty topic', false],
    ['a topic that is missing', undefined],
  ])('latest is decided once: on %s a restart goes on where it began', async (_what, filled) => {
    const { log } = openTestLog()
    const producer = log.producer()
    if (filled !== undefined) await log.admin.createTopic(input)
    if (filled === true) await producer.send(input, record('old'))
    await (await start(log, copying('latest'))).close()
    await producer.send(input, record('while it was down'))
    const app = await start(log, copying('latest'))
    await app.caughtUp()
    expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['while it was down'])
  })

  test('counts for a topic that comes later by itself', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    await producer.send(input, record('old'))
    await (await start(log, copying())).close()
    await producer.sendMany(
      other,
      ['b', 'c', 'd'].map((key) => ({ key, value: 'old', timestamp: 1 })),
    )

    const builder = new StreamsBuilder()
    builder.stream(input).to(output)
    builder.stream(other, { reset: 'latest' }).to(output)
    const app = await start(log, builder.build())
    await producer.send(other, { key: 'd', value: 'new', timestamp: 1 })
    await app.caughtUp()
    expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['old', 'new'])
  })
})
