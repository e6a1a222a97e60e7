// A filter or mapValues with a store keeps what it made of each row: it can be queried, and is read in place of being made
// anew.
import { int64, keyValueStore, type KTable, nullable, string, type Topic, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { briefly, drive, input } from '../support/topology.ts'
import { errorOf } from '../support/thrown.ts'

const out: Topic<string, string | null> = topic('out', { key: string(), value: nullable(string()) })
const kept = keyValueStore('kept', { key: string(), value: string() })

const all = keyValueStore('all', { key: string(), value: string() })

const long = ({ value }: { readonly value: string }): boolean => value.length > 1

const verbs: Readonly<Record<string, (table: KTable<string, string>) => KTable<string, string, 'both'>>> = {
  filter: (table) => table.filter(long, { store: kept }) as KTable<string, string, 'both'>,
  filterNot: (table) => table.filterNot((row) => !long(row), { store: kept }) as KTable<string, string, 'both'>,
  mapValues: (table) =>
    table.mapValues(({ value }) => (value.length > 1 ? `${value}!` : null), { store: kept }) as KTable<
      string,
      string,
      'both'
    >,
}

const play = (verb: string, crashes = false) => {
  const driver = drive((builder) =>
    verbs[verb]?.(builder.table(input, { store: all }))
      .toStream()
      .to(out),
  )
  for (const [index, value] of ['x', 'xy', 'xyz', 'z', null, 'abc'].entries()) {
    driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: index })
    if (crashes) driver.crash()
  }
  return [briefly(driver.outputTopic(out).readRecords()), briefly(driver.store(kept).range())]
}

test.each(['filter', 'filterNot'])('%s keeps the rows that pass, and deletes only those that it has', (verb) => {
  const expected = [['a=xy@1', 'a=xyz@2', 'a=null@3', 'a=abc@5'], ['a=abc@5']]
  expect(play(verb)).toEqual(expected)
  expect(play(verb, true)).toEqual(expected)
})

test('mapValues keeps the new values, and passes every change on', () => {
  const expected = [['a=null@0', 'a=xy!@1', 'a=xyz!@2', 'a=null@3', 'a=null@4', 'a=abc!@5'], ['a=abc!@5']]
  expect(play('mapValues')).toEqual(expected)
  expect(play('mapValues', true)).toEqual(expected)
})

describe('old values', () => {
  test('are those that were kept, so the function is not called for them', () => {
    let calls = 0
    const driver = drive((builder) =>
      builder
        .table(input)
        .mapValues(
          ({ value }) => {
            calls++
            return value
          },
          { store: kept },
        )
        .groupBy(({ value }) => ({ key: value.slice(0, 1), value }), { key: string(), value: string() })
        .aggregate({
          initializer: () => '',
          aggregator: (_key, value, text) => `${text}+${value}`,
          subtractor: (_key, value, text) => `${text}-${value}`,
          value: string(),
        })
        .toStream()
        .to(out),
    )
    for (const value of ['x', 'xy', 'z']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 0 })
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual([
      'x=+x@0',
      'x=+x-x+xy@0',
      'x=+x-x+xy-xy@0',
      'z=+z@0',
    ])
    expect(calls).toBe(3)
  })
})

test('a store of other values is refused', () => {
  const numbers = keyValueStore('numbers', { key: string(), value: int64() })
  const script = () => drive((builder) => builder.table(input).filter(long, { store: numbers as never }))
  expect(errorOf(script)).toMatchObject({ code: 'topology_invalid', store: 'numbers' })
})
