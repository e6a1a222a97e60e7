// What the compiler knows of sources: a pattern says nothing of what its topics hold, so it asks for the serdes; a table takes
// `ttlMs` where it is made of a topic. The compiler checks this file; the refused calls stand in functions that nobody calls.
import { int64, type KStream, type KTable, nullable, StreamsBuilder, string, topic } from 'millrace'
import { describe, expectTypeOf, test } from 'vitest'

const builder = new StreamsBuilder()
const stays = topic('stays', { key: nullable(string()), value: nullable(int64()) })
/** For calls that must not compile. */
const refused = (calls: () => unknown): void => void expectTypeOf(calls).toBeFunction()

describe('a stream of all topics that match', () => {
  test('has the types of the serdes that it is given', () => {
    const all = builder.stream(/^clicks/, { key: string(), value: nullable(int64()) })
    expectTypeOf(all).toEqualTypeOf<KStream<string, number | null, 'both'>>()
    // Both serdes are known, so what regroups need not name them.
    all.groupByKey().count()
  })

  test('hands its records to the timestamp with their types', () => {
    builder.stream(/^visits/, {
      key: string(),
      value: int64(),
      timestamp: (record) => {
        expectTypeOf(record.key).toEqualTypeOf<string>()
        expectTypeOf(record.value).toEqualTypeOf<number>()
        return record.value
      },
    })
  })

  test('needs both serdes, and takes no topics besides', () => {
    refused(() => {
      // @ts-expect-error what do its topics hold?
      builder.stream(/^clicks/)
      // @ts-expect-error a serde for the values too
      builder.stream(/^clicks/, { key: string() })
      // @ts-expect-error a serde for the keys too
      builder.stream(/^clicks/, { value: string() })
      // @ts-expect-error a pattern is a RegExp, text is not
      builder.stream('^clicks', { key: string(), value: string() })
      // @ts-expect-error a topic has its own serdes
      builder.stream(stays, { key: string(), value: int64() })
      // @ts-expect-error the time is a number
      builder.stream(/^clicks/, { key: string(), value: string(), timestamp: ({ value }) => value })
    })
  })
})

describe('a table with times of its own', () => {
  test('hands its records to the timestamp, deletes too', () => {
    const names = topic('names', { key: string(), value: string() })
    const timestamp = ({ value, timestamp: time }: { readonly value: string | null; readonly timestamp: number }) =>
      value === null ? time : value.length
    expectTypeOf(builder.table(names, { timestamp })).toEqualTypeOf<KTable<string, string, 'both'>>()
    builder.globalTable(topic('others', { key: nullable(string()), value: int64() }), {
      timestamp: (record) => {
        expectTypeOf(record.key).toEqualTypeOf<string | null>()
        expectTypeOf(record.value).toEqualTypeOf<number | null>()
        return record.timestamp
      },
    })
    refused(() => {
      // @ts-expect-error a row may be deleted
      builder.table(names, { timestamp: ({ value }) => value.length })
      // @ts-expect-error the time is a number
      builder.globalTable(names, { timestamp: ({ value }) => value })
    })
  })
})

describe('a table whose rows expire', () => {
  test('is a table like others', () => {
    expectTypeOf(builder.table(stays, { ttlMs: 5 })).toEqualTypeOf<KTable<string, number, 'both'>>()
  })

  test('is made of a topic, with a number of ms', () => {
    refused(() => {
      // @ts-expect-error no text
      builder.table(stays, { ttlMs: '5' })
      // @ts-expect-error of a stream it is not
      builder.stream(stays).toTable({ ttlMs: 5 })
      // @ts-expect-error every task reads a global table, none moves its time
      builder.globalTable(stays, { ttlMs: 5 })
    })
  })
})
