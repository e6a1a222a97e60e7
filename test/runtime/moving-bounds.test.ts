// An engine may be held back: it reads each partition up to a bound, which moves as the log does.
import { string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { mapTopics, topicLike } from '../../src/plan/mapped-topics.ts'
import { besideTopic } from '../../src/log/kept/version-name.ts'
import type { SourceLane } from '../../src/runtime/sequence.ts'
import { collect } from '../support/collect.ts'
import { engineOn } from '../support/engine.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const copying = topologyOf((builder) => builder.stream(input).to(output))
const records = Array.from({ length: 6 }, (_, i) => ({ key: 'a', value: String(i), timestamp: i }))
const forever = (): boolean => false

test('it reads up to the bound, goes on when that moves, and takes nothing back when it falls', async () => {
  const { log, embedded } = openTestLog()
  await log.producer().sendMany(input, records)
  let bound = 2
  const moveBounds = (lanes: readonly SourceLane[]): void => {
    for (const lane of lanes) lane.boundOffset = bound
  }
  const { engine, commit } = engineOn(embedded, copying, { moveBounds })
  const values = async (): Promise<string[]> => (await collect(log.read(output))).map(({ value }) => value)
  expect(engine.run(forever)).toBe('drained')
  commit()
  expect(await values()).toEqual(['0', '1'])
  for (const [moved, expected] of [
    [4, 4],
    [1, 4],
    [100, 6],
  ] as const) {
    bound = moved
    await log.producer().send(topic('other', { key: string(), value: string() }), { key: 'a', value: 'news' })
    expect(engine.run(forever)).toBe('drained')
    commit()
    expect(await values()).toHaveLength(expected)
  }
})

test('a bound that falls behind the record that is next takes that one, and no more', async () => {
  const { log, embedded } = openTestLog()
  await log.producer().sendMany(input, records)
  let bound = 6
  const moveBounds = (lanes: readonly SourceLane[]): void => {
    for (const lane of lanes) lane.boundOffset = bound
  }
  const { engine, commit } = engineOn(embedded, copying, { moveBounds })
  expect(engine.run(() => true)).toBe('timeUp')
  bound = 0
  await log.producer().send(topic('other', { key: string(), value: string() }), { key: 'a', value: 'news' })
  expect(engine.run(forever)).toBe('drained')
  commit()
  expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['0', '1'])
})

test('what was read and is no longer there is still lost, whatever the bound', async () => {
  const { log, embedded } = openTestLog()
  await log.producer().sendMany(input, records)
  const { engine, commit } = engineOn(embedded, copying)
  engine.run(forever)
  commit()
  await log.admin.deleteTopic(input)
  await log.producer().send(input, { key: 'a', value: 'new', timestamp: 1 })
  const again = (): unknown => engineOn(embedded, copying, { moveBounds: () => undefined })
  expect(errorOf(again)).toMatchObject({ code: 'position_lost' })
})

test('a bound where compaction has left nothing is where it stops, and later it goes on', async () => {
  const { log, embedded } = openTestLog()
  await log.admin.createTopic({ name: 'input', config: { cleanupPolicy: 'compact' } })
  for (const keys of ['abbb', 'b', 'b', 'cb']) {
    await log.producer().sendMany(
      input,
      keys.split('').map((key) => ({ key, value: key })),
    )
  }
  let bound = 1
  const { engine, commit } = engineOn(embedded, copying, {
    moveBounds: (lanes) => {
      for (const lane of lanes) lane.boundOffset = bound
    },
  })
  expect(engine.run(forever)).toBe('drained')
  await log.admin.runMaintenance()
  expect((await collect(log.read(input))).map(({ offset }) => offset)).toEqual([0, 6, 7])
  const values: string[] = []
  for (bound = 2; bound <= 8; bound++) {
    await log.producer().send(topic('other', { key: string(), value: string() }), { key: 'a', value: 'news' })
    expect(engine.run(forever)).toBe('drained')
    commit()
    expect(engine.lanes[0]?.position).toBe(bound)
    values.push((await collect(log.read(output))).map(({ value }) => value).join(''))
  }
  expect(values).toEqual(['a', 'a', 'a', 'a', 'a', 'ac', 'acb'])
})

const mapped = (name: string): string => besideTopic(name, { applicationId: 'app', version: 'v2' })

test('a topology with mapped topics writes beside the topics of its script, into topics made like them', async () => {
  const { log, embedded } = openTestLog()
  const kept = topic('output', { key: string(), value: string(), partitions: 3, cleanupPolicy: 'compact' })
  await log.admin.createTopic(kept)
  const chosen = topic('chosen', { key: string(), value: string() })
  const script = topologyOf((builder) => {
    const stream = builder.stream(input)
    stream.to(output)
    stream.to(() => chosen)
  })
  const { engine, session, commit } = engineOn(
    embedded,
    mapTopics(script, (topic) => topicLike(topic, mapped(topic.name))),
  )
  await log.producer().sendMany(input, records)
  for (let result = engine.run(forever); result === 'topicMissing'; result = engine.run(forever)) {
    const wanted = engine.missingTopic
    if (wanted === undefined) throw new Error('no topic is missing')
    engine.topicFound(await session.ensureTopic(wanted))
  }
  commit()
  expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['input', 'output'])
  expect(await log.admin.describeTopic(mapped('output'))).toMatchObject({
    partitions: 3,
    config: { cleanupPolicy: 'compact' },
  })
  expect(await log.admin.logSizes([mapped('chosen'), mapped('output'), 'output'])).toMatchObject([
    { records: 6 },
    { records: 6 },
    { records: 0 },
  ])
})

test('what a mapped topology writes and reads is read where it is written', async () => {
  const { log, embedded } = openTestLog()
  const script = topologyOf((builder) => {
    builder.stream(input).to(output)
    builder.stream(output).to(topic('last', { key: string(), value: string() }))
  })
  const { engine, commit } = engineOn(
    embedded,
    mapTopics(script, (topic) => topicLike(topic, mapped(topic.name))),
  )
  await log.producer().sendMany(input, records)
  for (let round = 0; round < 2; round++) {
    engine.run(forever)
    commit()
  }
  expect(await log.admin.endOffsets(mapped('last'))).toEqual([6])
  expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['input'])
})
