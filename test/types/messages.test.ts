// A wrong call is refused with a message that says what is missing: a serde by its side, never a number of arguments.
import { expect, test } from 'vitest'
import { compilerSays } from '../support/compiler-says.ts'

const head = `
import { int64, json, JoinWindows, type KStream, StreamsBuilder, string, TimeWindows, topic } from 'millrace'
const clicks = topic('clicks', { key: string(), value: json<{ readonly page: string }>() })
const stream = new StreamsBuilder().stream(clicks)
const byPage = stream.selectKey(({ value }) => value.page)
const lengths = stream.mapValues(({ value }) => value.page.length)
const perMinute = stream.groupByKey().windowedBy(TimeWindows.of({ size: 60_000 })).count()
const window = JoinWindows.of({ difference: 5 })
const made = stream.map(({ value }) => ({ key: value.page, value: value.page.length }))
`

/** Calls that lack something, and what the compiler says of each. */
const refused: Readonly<Record<string, string>> = {
  'stream.groupBy(({ value }) => value.page)': 'groupBy needs the serde of the new key: { key: string() }',
  'stream.groupBy(({ value }) => value.page, {})': "Property 'key' is missing in type '{}'",
  'lengths.groupBy(({ value }) => value, { key: int64() })': "Property 'value' is missing",
  'byPage.groupByKey()': 'groupByKey needs the serde of the key: { key: string() }',
  "byPage.groupByKey({ name: 'by-page' })": "Property 'key' is missing",
  'made.groupByKey()': 'groupByKey needs the serde of the key: { key: string() }',
  'made.groupByKey({ key: string() })': "Property 'value' is missing",
  'byPage.repartition()': 'repartition needs the serde of the key: { key: string() }',
  'lengths.repartition()': 'repartition needs the serde of the value: { value: json() }',
  'lengths.groupByKey().reduce((sum, next) => sum + next)': 'reduce needs the serde of the value: { value: json() }',
  "lengths.groupByKey().reduce((sum, next) => sum + next, { name: 'sum' })": "Property 'value' is missing",
  'stream.groupByKey().aggregate({ initializer: () => 0, aggregator: () => 0 })': "Property 'value' is missing",
  'lengths.to(clicks)': "Type 'number' is not assignable to type '{ readonly page: string; }'",
  'stream.join(lengths, (left, right) => right, { window })': "Property 'otherValue' is missing",
  'lengths.leftJoin(stream, (left, right) => right, { window })': "Property 'value' is missing",
  'made.outerJoin(byPage, (left, right) => right, { window, value: int64() })': "Property 'key' is missing",
  'stream.join(stream, (left, right) => right, window)': "Property 'window' is missing in type 'JoinWindows'",
  'stream.groupByKey().count().suppress({ untilWindowCloses: true })': 'only the keys of an aggregation over windows',
  'perMinute.mapValues(({ value }) => `${value}`).suppress({ untilWindowCloses: true })': "Property 'value' is missing",
  'lengths.toTable({ value: int64() }).suppress({ untilTimeLimit: 5, maxRows: 5 })': "'maxRows' does not exist",
  "stream.to('clicks')": "Argument of type 'string' is not assignable to parameter of type 'TopicFor<",
  'const other: KStream<string, number> = stream':
    "Type '{ readonly page: string; }' is not assignable to type 'number'",
  'stream.filter(async () => true)': "Type 'Promise<boolean>' is not assignable to type 'boolean'",
}

test('the message for a call names what is missing in it', () => {
  const said = compilerSays(head + Object.keys(refused).join('\n'))
  expect(Object.fromEntries(said)).toEqual(
    Object.fromEntries(Object.entries(refused).map(([call, message]) => [call, expect.stringContaining(message)])),
  )
  expect([...said.values()].join('\n')).not.toMatch(/Expected \d/)
})
