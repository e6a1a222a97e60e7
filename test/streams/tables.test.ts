// A table is the newest value of each key, by the order in which records come, and a null deletes: whether it reads a topic
// or is made of a stream.
import { int64, json, keyValueStore, nullable, type StreamsBuilder, string, type Topic, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { briefly, drive, input, type Script, topologyOf } from '../support/topology.ts'
import { errorOf } from '../support/thrown.ts'

/** With rows that may be deleted. */
const shown = topic('shown', { key: string(), value: nullable(string()) })
const cleared: Topic<string, string> = topic('cleared', { key: string(), value: string() })
const store = keyValueStore('newest', { key: string(), value: string() })

/** The same table, made in both ways. */
const ways = [
  ['builder.table', (builder: StreamsBuilder) => builder.table(input, { store })],
  ['toTable', (builder: StreamsBuilder) => builder.stream(input).toTable({ store })],
] as const

describe.each(ways)('%s', (_way, tableOf) => {
  const driverOf = (options = {}) => drive((builder) => tableOf(builder).toStream().to(shown), options)
  const pipe = (
    driver: ReturnType<typeof drive>,
    ...records: readonly (readonly [string, string | null, number])[]
  ) => {
    for (const [key, value, timestamp] of records) driver.inputTopic(input).pipeInput({ key, value, timestamp })
  }
  const outputOf = (driver: ReturnType<typeof drive>) => briefly(driver.outputTopic(shown).readRecords())
  const rowsOf = (driver: ReturnType<typeof drive>) => briefly(driver.store(store).range())

  test('keeps what came last of each key, whatever its timestamp, and tells every change', () => {
    const driver = driverOf()
    pipe(driver, ['a', 'x', 10], ['b', 'y', 20], ['a', 'z', 5])
    expect(outputOf(driver)).toEqual(['a=x@10', 'b=y@20', 'a=z@5'])
    expect(rowsOf(driver)).toEqual(['a=z@5', 'b=y@20'])
  })

  test('deletes a row for a null, also where the serde of the values does not allow null', () => {
    const driver = driverOf()
    pipe(driver, ['a', 'x', 1], ['a', null, 2], ['unknown', null, 3], ['a', 'y', 4])
    expect(outputOf(driver)).toEqual(['a=x@1', 'a=null@2', 'unknown=null@3', 'a=y@4'])
    expect(rowsOf(driver)).toEqual(['a=y@4'])
  })

  test('lets functions after it see the null of a deleted row', () => {
    const seen: (string | null)[] = []
    const driver = drive((builder) =>
      tableOf(builder)
        .toStream()
        .foreach(({ value }) => {
          seen.push(value)
        }),
    )
    pipe(driver, ['a', 'x', 1], ['a', null, 2])
    expect(seen).toEqual(['x', null])
  })

  test('has the same rows after a crash, with what was not committed read again', () => {
    const driver = driverOf({ commit: 'manual' })
    pipe(driver, ['a', 'x', 1], ['b', 'y', 1])
    driver.commit()
    pipe(driver, ['a', null, 2], ['b', 'z', 2])
    driver.crash()
    driver.commit()
    expect(rowsOf(driver)).toEqual(['b=z@2'])
    expect(outputOf(driver)).toEqual(['a=x@1', 'b=y@1', 'a=null@2', 'b=z@2'])
  })

  test('undoes its row with a turn that fails', () => {
    const driver = drive(
      (builder) =>
        tableOf(builder)
          .toStream()
          .foreach(({ value }) => {
            if (value === 'bad') throw new Error('not this one')
          }),
      { onError: 'skip' },
    )
    pipe(driver, ['a', 'x', 1], ['a', 'bad', 2], ['b', 'bad', 2])
    expect(rowsOf(driver)).toEqual(['a=x@1'])
  })
})

const loose = topic('loose', { key: nullable(string()), value: nullable(int64()) })

test('a record without a key is dropped and counted', () => {
  const driver = drive((builder) =>
    builder
      .table(loose, { name: 'table' })
      .toStream()
      .to(topic('numbers', { key: string(), value: int64() })),
  )
  driver.inputTopic(loose).pipeInput({ key: null, value: 1, timestamp: 0 })
  expect(driver.metrics().dropped).toEqual({ table: { null_key: 1 } })
})

test('a value that cannot be read fails its record, and leaves the row as it was', () => {
  const profiles = topic('profiles', { key: string(), value: json<{ readonly name: string }>() })
  const raw: Topic<string, string> = topic('profiles', { key: string(), value: string() })
  const kept = keyValueStore('profiles', { key: string(), value: json<{ readonly name: string }>() })
  const driver = drive((builder) => builder.table(profiles, { store: kept }), { onError: 'skip' })
  driver.inputTopic(profiles).pipeInput({ key: 'a', value: { name: 'Ann' }, timestamp: 0 })
  driver.inputTopic(raw).pipeInput({ key: 'a', value: '{"name":', timestamp: 1 })
  expect(briefly(driver.store(kept).range())).toEqual(['a={"name":"Ann"}@0'])
  expect(driver.metrics().failed).toEqual({ 'profiles.table': { undecodable: 1 } })
})

test('toTable sends a stream with a new key to the partitions of that key', () => {
  const words = topic('words', { key: string(), value: string(), partitions: 3 })
  const byValue = keyValueStore('by-value', { key: string(), value: string() })
  const driver = drive((builder) =>
    builder
      .stream(words)
      .map(({ key, value }) => ({ key: value, value: key }))
      .toTable({ store: byValue }),
  )
  for (const [index, key] of ['a', 'b', 'c', 'd', 'e'].entries()) {
    driver.inputTopic(words).pipeInput({ key, value: 'one', timestamp: index })
  }
  expect(briefly(driver.store(byValue).range())).toEqual(['one=e@4'])
})

describe('one topic read as a table and', () => {
  test.each<readonly [string, (builder: StreamsBuilder) => unknown]>([
    ['as a stream', (builder) => [builder.table(input), builder.stream(input)]],
    ['before that as a stream', (builder) => [builder.stream(input), builder.table(input)]],
    ['as one of several topics', (builder) => [builder.table(input), builder.stream([input, cleared])]],
    ['as a table again', (builder) => [builder.table(input), builder.table(input)]],
  ])('%s is refused, with what to do', (_again, script) => {
    const error = errorOf(() => topologyOf(script))
    expect(error.code).toBe('topology_invalid')
    expect(error.message).toMatch(/"input".*toTable\(\)/)
  })
})

describe('a table with a named store', () => {
  const idsOf = (script: Script): string[] => topologyOf(script).nodes.map(({ id }) => id)

  test('is called like the store', () => {
    expect(idsOf((builder) => builder.table(input, { store }))).toEqual(['input', 'newest'])
    expect(
      idsOf((builder) =>
        builder
          .stream(input)
          .selectKey(({ key }) => key)
          .toTable({ store }),
      ),
    ).toEqual(['input', 'selectKey-1', 'newest.repartition', 'newest'])
  })

  test('is not where its topic has that name', () => {
    const same = keyValueStore('input', { key: string(), value: string() })
    expect(idsOf((builder) => builder.table(input, { store: same }))).toEqual(['input', 'input.table'])
    expect(idsOf((builder) => builder.stream(input).toTable({ store: same }))).toEqual(['input', 'input.toTable'])
  })
})
