// A replay asks what to do with effects on the world outside, and does that.
import { type Effects, string, type Topology, topic } from 'millrace'
import { expect, test } from 'vitest'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { beside, startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const asked = topic('asked', { key: string(), value: string() })

interface Effective {
  readonly topology: Topology
  readonly done: string[]
}

function effective(): Effective {
  const done: string[] = []
  const topology = topologyOf((builder) => {
    const stream = builder.stream(input)
    stream.peek(({ value }) => done.push(`look ${value}`) < 0 || undefined)
    stream.peek(({ value }) => done.push(`peek ${value}`) < 0 || undefined, { effects: true, name: 'mail' }).to(output)
    stream.foreach(({ value }) => done.push(`foreach ${value}`) < 0 || undefined)
    stream
      .mapAsync(
        async ({ value }) => {
          done.push(`ask ${value}`)
          return `answer to ${value}`
        },
        { name: 'ask', order: 'partition' },
      )
      .to(asked)
  })
  return { topology, done }
}

async function replayed(effects: Effects): Promise<Effective & { readonly answers: unknown[]; dropped: object }> {
  const { log } = openTestLog()
  await log.producer().sendMany(input, [{ key: 'a', value: '1', timestamp: 1 }])
  const { topology, done } = effective()
  const v2 = await startReplay(log, topology, { effects })
  await v2.caughtUp()
  await using consumer = log.consumer({ group: 'g', topics: [beside('asked'), beside('output')], reset: 'earliest' })
  const [ends = 0] = await log.admin.endOffsets(beside('asked'))
  const records = await collect(consumer, ends + 1)
  const answers = records.map(({ value }) => Buffer.from(value ?? []).toString()).toSorted()
  return { topology, done: done.toSorted(), answers, dropped: v2.metrics().dropped }
}

test('a topology that has some is refused without an answer, and the message names them', async () => {
  const { log } = openTestLog()
  const { topology, done } = effective()
  expect(await rejectionOf(startReplay(log, topology))).toMatchObject({
    code: 'effects_undecided',
    message: expect.stringMatching(/peek "mail".*foreach "foreach-1".*mapAsync "ask"/s),
  })
  expect(await rejectionOf(startReplay(log, topology, { effects: true as never }))).toMatchObject({
    code: 'bad_option',
  })
  expect([done, await log.admin.listTopics({ hidden: true })]).toEqual([[], []])
})

test('a peek that only looks is no effect', async () => {
  const { log } = openTestLog()
  const looking = topologyOf((builder) => builder.stream(input).peek(() => undefined))
  await (await startReplay(log, looking)).caughtUp()
})

test('run: they happen again', async () => {
  expect(await replayed('run')).toMatchObject({
    done: ['ask 1', 'foreach 1', 'look 1', 'peek 1'],
    answers: ['1', 'answer to 1'],
    dropped: {},
  })
})

test('skip: none happens, and what a mapAsync drops for that is counted', async () => {
  expect(await replayed('skip')).toMatchObject({
    done: ['look 1'],
    answers: ['1'],
    dropped: { ask: { skipped: 1 } },
  })
})

test('a function answers instead, and knows for which operator', async () => {
  const places: string[] = []
  const found = await replayed(({ value }, { operator, verb }) => {
    places.push(`${verb} ${operator}`)
    return verb === 'mapAsync' ? Promise.resolve(`instead of ${String(value)}`) : undefined
  })
  expect(found).toMatchObject({ done: ['look 1'], answers: ['1', 'instead of 1'], dropped: {} })
  expect(places.toSorted()).toEqual(['foreach foreach-1', 'mapAsync ask', 'peek mail'])
})
