// What a table makes of its deletes when it becomes a stream: records with a null value, or none.
import { json, nullable, type KTable, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { briefly, drive, input, topologyOf } from '../support/topology.ts'

const lengths = topic('lengths', { key: string(), value: json<number>() })
const notes = topic('notes', { key: string(), value: nullable(string()) })
const output = topic('output', { key: string(), value: nullable(string()) })

/** The newest text of each key; an empty one deletes it. */
type Newest = KTable<string, string>

function changes(make: (table: Newest) => void): { readonly written: string[]; readonly dropped: unknown } {
  const driver = drive((builder) =>
    make(
      builder
        .stream(input)
        .groupByKey()
        .reduce((_, next) => (next === '' ? null : next)),
    ),
  )
  for (const [timestamp, value] of ['a', '', 'b', 'ab', ''].entries()) {
    driver.inputTopic(input).pipeInput({ key: 'k', value, timestamp })
  }
  return {
    written: briefly(driver.outputTopic(output).readRecords()),
    dropped: driver.metrics().dropped,
  }
}

describe('toStream', () => {
  test('passes deletes on as records with a null value', () => {
    const { written } = changes((table) => table.toStream().to(output))
    expect(written).toEqual(['k=a@0', 'k=null@1', 'k=b@2', 'k=ab@3', 'k=null@4'])
    expect(changes((table) => table.toStream({ deletes: 'keep', name: 'changes' }).to(output)).written).toEqual(written)
    expect(changes((table) => table.toStream({ deletes: undefined, name: undefined }).to(output)).written).toEqual(
      written,
    )
  })

  test('drops them on request, as a filter does: they are no failed or refused records, and are not counted', () => {
    const { written, dropped } = changes((table) => table.toStream({ deletes: 'drop' }).to(output))
    expect(written).toEqual(['k=a@0', 'k=b@2', 'k=ab@3'])
    expect(dropped).toEqual(changes((table) => table.toStream().to(output)).dropped)
  })

  test('without deletes has values only, also after a filter of the table', () => {
    const { written } = changes((table) =>
      table
        .filter(({ value }) => value.length > 1)
        .toStream({ deletes: 'drop' })
        .mapValues(({ value }) => value.toUpperCase())
        .to(output),
    )
    expect(written).toEqual(['k=AB@3'])
  })

  test('is an operator with a name where it is given one', () => {
    const described = (options: { readonly deletes?: 'drop'; readonly name?: string }): string =>
      topologyOf((builder) => builder.stream(input).groupByKey().count().toStream(options).to(lengths)).describe()
    expect(described({})).not.toContain('toStream')
    expect(described({ deletes: 'drop' })).toContain('toStream-1')
    expect(described({ deletes: 'drop', name: 'live' })).toContain('live')
    expect(described({ name: 'every-change' })).toContain('every-change')
  })
})

test('a stream narrowed by a guard holds what it says', () => {
  const driver = drive((builder) =>
    builder
      .stream(notes)
      .filter((record) => record.value !== null)
      .mapValues(({ value }) => value.toUpperCase())
      .to(output),
  )
  for (const [timestamp, value] of ['a', null, 'b'].entries()) {
    driver.inputTopic(notes).pipeInput({ key: 'k', value, timestamp })
  }
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['k=A@0', 'k=B@2'])
})
