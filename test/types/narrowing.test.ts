// A guard narrows a stream or a table, whether it is written or inferred from a comparison.
import {
  json,
  type KStream,
  type KTable,
  type LogRecord,
  nullable,
  StreamsBuilder,
  type StreamRecord,
  string,
  topic,
} from 'millrace'
import { describe, expectTypeOf, test } from 'vitest'

interface Paid {
  readonly kind: 'paid'
  readonly cents: number
}
interface Refused {
  readonly kind: 'refused'
  readonly why: string
}

const orders = topic('orders', { key: string(), value: json<Paid | Refused>() })
const notes = topic('notes', { key: nullable(string()), value: nullable(string()) })
const builder = new StreamsBuilder()
const stream = builder.stream(orders)
const texts = builder.stream(notes)
const isPaid = (record: StreamRecord<string, Paid | Refused>): record is StreamRecord<string, Paid> =>
  record.value.kind === 'paid'

describe('filter', () => {
  test('takes a type guard', () => {
    expectTypeOf(
      stream.filter((record): record is StreamRecord<string, Paid> => record.value.kind === 'paid'),
    ).toEqualTypeOf<KStream<string, Paid, 'both'>>()
    expectTypeOf(stream.filter(isPaid, { name: 'paid' })).toEqualTypeOf<KStream<string, Paid, 'both'>>()
    expectTypeOf(stream.mapValues(({ value }) => value).filter(isPaid)).toEqualTypeOf<KStream<string, Paid, 'key'>>()
  })

  test('narrows by what the compiler infers', () => {
    expectTypeOf(texts.filter((record) => record.value !== null)).toEqualTypeOf<
      KStream<string | null, string, 'both'>
    >()
    const isLive = (record: StreamRecord<string | null, string | null>) => record.value !== null
    expectTypeOf(texts.filter(isLive)).toEqualTypeOf<KStream<string | null, string, 'both'>>()
    texts.filter((record) => record.value !== null).mapValues(({ value }) => value.length)
  })

  test('narrows nothing for a predicate that is no guard', () => {
    expectTypeOf(stream.filter(({ value }) => value.kind === 'paid')).toEqualTypeOf<
      KStream<string, Paid | Refused, 'both'>
    >()
    expectTypeOf(texts.filter(({ value }) => value !== null)).toEqualTypeOf<
      KStream<string | null, string | null, 'both'>
    >()
    expectTypeOf(stream.filter(() => true)).toEqualTypeOf<KStream<string, Paid | Refused, 'both'>>()
  })

  test('works in a function that is generic in the value', () => {
    const present = <V>(records: KStream<string, V | null>) =>
      records.filter((record) => record.value !== null).mapValues(({ value }) => value)
    const kept = <V>(records: KStream<string, V>): KStream<string, V> => records.filter(({ value }) => value !== null)
    expectTypeOf(present(stream)).toExtend<KStream<string, Paid | Refused | null>>()
    expectTypeOf(kept(stream)).toEqualTypeOf<KStream<string, Paid | Refused>>()
  })
})

test('a record of the log is one of a stream too', () => {
  const isLive = (record: StreamRecord<string | null, string | null>) => record.value !== null
  const first = (record: LogRecord<string | null, string | null>): string =>
    isLive(record) ? record.value : 'a tombstone'
  expectTypeOf(first).toBeFunction()
})

describe('filterNot', () => {
  test('leaves what a guard does not know', () => {
    expectTypeOf(stream.filterNot(isPaid)).toEqualTypeOf<KStream<string, Refused, 'both'>>()
    expectTypeOf(texts.filterNot((record) => record.value === null)).toEqualTypeOf<
      KStream<string | null, string, 'both'>
    >()
    expectTypeOf(stream.filterNot(({ value }) => value.kind === 'paid')).toEqualTypeOf<
      KStream<string, Paid | Refused, 'both'>
    >()
  })
})

describe('a table', () => {
  const table = stream.groupByKey().reduce((_, newest) => newest)

  test('is narrowed as a stream is', () => {
    expectTypeOf(table.filter(isPaid)).toEqualTypeOf<KTable<string, Paid, 'both'>>()
    expectTypeOf(table.filterNot(isPaid)).toEqualTypeOf<KTable<string, Refused, 'both'>>()
    expectTypeOf(table.filter(({ value }) => value.kind === 'paid')).toEqualTypeOf<
      KTable<string, Paid | Refused, 'both'>
    >()
  })

  test('becomes a stream with its deletes, or without', () => {
    const paid = table.filter(isPaid)
    expectTypeOf(paid.toStream()).toEqualTypeOf<KStream<string, Paid | null, 'both'>>()
    expectTypeOf(paid.toStream({})).toEqualTypeOf<KStream<string, Paid | null, 'both'>>()
    expectTypeOf(paid.toStream({ name: 'paid', deletes: undefined })).toEqualTypeOf<
      KStream<string, Paid | null, 'both'>
    >()
    expectTypeOf(paid.toStream({ deletes: 'keep' })).toEqualTypeOf<KStream<string, Paid | null, 'both'>>()
    expectTypeOf(paid.toStream({ deletes: 'drop' })).toEqualTypeOf<KStream<string, Paid, 'both'>>()
    expectTypeOf((deletes: 'keep' | 'drop') => paid.toStream({ deletes })).returns.toEqualTypeOf<
      KStream<string, Paid | null, 'both'>
    >()
    const refused = (): unknown =>
      // @ts-expect-error no such choice
      paid.toStream({ deletes: 'none' })
    expectTypeOf(refused).toBeFunction()
  })
})
