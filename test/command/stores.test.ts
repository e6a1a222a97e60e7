// Stores are asked by what the log says of them: every kind, every serde, and values of older versions.
import {
  int64,
  json,
  keyValueStore,
  ManualClock,
  minutes,
  openLog,
  type Serde,
  SessionWindows,
  startStreams,
  StreamsBuilder,
  string,
  topic,
  tuple,
  versionedStore,
} from 'millrace'
import { expect, test } from 'vitest'
import { commandTimeMs, type Ran, runInProcess } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const asLines: Serde<readonly string[]> = {
  name: 'lines',
  encode: (lines) => new TextEncoder().encode(lines.join('\n')),
  decode: (bytes) => new TextDecoder().decode(bytes).split('\n'),
}

const prices = topic('prices', { key: tuple(string(), int64()), value: json<{ cents: number }>() })

/** What one application keeps of three prices, in a store of each kind. */
async function somePrices(): Promise<(...argv: string[]) => Promise<Ran>> {
  const dir = temporaryDirectory()
  const clock = new ManualClock(commandTimeMs)
  await using log = await openLog(dir, { clock, maintenance: false })
  await log.producer().sendMany(prices, [
    { key: ['eu', 7], value: { cents: 100 }, timestamp: commandTimeMs - minutes(20) },
    { key: ['us', 1], value: { cents: 300 }, timestamp: commandTimeMs - minutes(10) },
    { key: ['eu', 7], value: { cents: 120 }, timestamp: commandTimeMs },
  ])
  const builder = new StreamsBuilder()
  const key = tuple(string(), int64())
  const versions = { version: 3, migrate: (value: unknown) => value as { cents: number } }
  const stream = builder.stream(prices)
  stream.toTable({ name: 'newest', store: keyValueStore('newest', { key, value: json<{ cents: number }>(versions) }) })
  stream.toTable({
    name: 'history',
    store: versionedStore('history', { key, value: json<{ cents: number }>(), historyMs: minutes(60) }),
  })
  stream
    .groupByKey()
    .windowedBy(SessionWindows.of({ gap: minutes(5) }))
    .count({ name: 'visits' })
  stream.groupByKey().aggregate({
    name: 'all',
    initializer: () => [],
    aggregator: (_key, { cents }, all) => [...all, String(cents)],
    value: asLines,
  })
  await using app = await startStreams(builder.build(), { log, applicationId: 'prices' })
  await app.caughtUp()
  return (...argv) => runInProcess(['store', ...argv, '--dir', dir], { env: { TZ: 'UTC' } })
}

test('a key is typed as its serde writes it, and a value of any version is shown', async () => {
  const store = await somePrices()
  const { stdout } = await store('get', 'prices', 'newest', '["eu",7]', '--json')
  expect(JSON.parse(stdout)).toEqual({ key: ['eu', 7], value: { cents: 120 }, timestamp: commandTimeMs })
})

test('the first parts of a tuple are a prefix', async () => {
  const store = await somePrices()
  const { stdout } = await store('range', 'prices', 'newest', '--prefix', '["eu"]', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ key: ['eu', 7] })
})

test('a store of versions answers for a time', async () => {
  const store = await somePrices()
  const asOf = String(commandTimeMs - 1)
  const { stdout } = await store('get', 'prices', 'history', '["eu",7]', '--as-of', asOf, '--json')
  expect(JSON.parse(stdout)).toMatchObject({ value: { cents: 100 } })
})

test('sessions are shown with their beginning and end', async () => {
  const store = await somePrices()
  const { stdout } = await store('get', 'prices', 'visits', '["eu",7]', '--from', String(commandTimeMs), '--json')
  expect(JSON.parse(stdout)).toMatchObject({ window: { start: commandTimeMs }, value: 1 })
})

test("what a program's own serde wrote is shown as its bytes are", async () => {
  const store = await somePrices()
  const { stdout } = await store('dump', 'prices', 'all')
  expect(stdout).toBe('["eu",7]\t100\\n120\n["us",1]\t300\n')
})

test.each([
  [['get', 'prices', 'newst', 'x'], 3, 'did you mean newest?'],
  [['get', 'elsewhere', 'newest', 'x'], 3, '"millrace app list" lists those that it has (application_unknown)'],
  [['get', 'prices', 'newest', '["eu",9]'], 3, 'has no row for this key'],
  [['get', 'prices', 'newest', 'eu'], 2, 'is no key of this store, whose keys are tuple(string,int64)'],
  [['get', 'prices', 'newest', '["eu"]'], 2, 'is no key of this store'],
  [['get', 'prices', 'newest', '["eu",7]', '--as-of', '2025-03-04'], 2, 'for a store that keeps versions'],
  [['get', 'prices', 'newest', '["eu",7]', '--from', '2025-03-04'], 2, 'for stores of windows'],
  [['range', 'prices', 'visits', '--from-key', '["eu",7]'], 2, '--from and --to'],
  [['range', 'prices', 'newest', '--from', '2025-03-04'], 2, '--from-key and --to-key'],
  [['range', 'prices', 'history'], 2, 'millrace store get'],
  [['dump', 'prices', 'history'], 2, 'millrace store get'],
  [['range', 'prices', 'newest', '--prefix', '["eu"]', '--reverse'], 2, '--prefix goes with neither'],
])('store %j is told what is wrong', async (argv, code, message) => {
  const store = await somePrices()
  expect(await store(...argv)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) as string })
})
