// Types flow on to stores, queries and the test driver: what a constant says is what a query gives.
import {
  type Application,
  type ApplicationState,
  type Failure,
  int64,
  json,
  keyValueStore,
  type Log,
  type LogRecord,
  type Metrics,
  type ReadOnlyKeyValueStore,
  type ReadOnlyWindowStore,
  type Resync,
  startStreams,
  type StreamsOptions,
  type StoreChange,
  type StorePosition,
  type StoreRow,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topology,
  type Windowed,
  windowStore,
} from 'millrace'
import type { TestInputTopic, TestOutputTopic, TopologyTestDriver } from 'millrace/testing'
import type { Observable } from 'rxjs'
import { describe, expect, expectTypeOf, test } from 'vitest'

interface Click {
  readonly page: string
}

const clicks = topic('clicks', { key: string(), value: json<Click>() })
const totals = keyValueStore('totals', { key: string(), value: int64() })
const texts = keyValueStore('texts', { key: string(), value: string() })
const counts = windowStore('counts', { key: string(), value: int64() })

const grouped = new StreamsBuilder().stream(clicks).groupByKey()
const windows = grouped.windowedBy(TimeWindows.of({ size: 5 }))
const refused = (calls: () => unknown): void => void expectTypeOf(calls).toBeFunction()

test('versions of values keep the type of the serde, and migrate says what it takes', () => {
  const total = json<{ readonly clicks: number }>({ version: 2, migrate: (old: number) => ({ clicks: old }) })
  expectTypeOf(keyValueStore('t', { key: string(), value: total })).toEqualTypeOf<
    ReturnType<typeof keyValueStore<string, { readonly clicks: number }>>
  >()
  const wrong = [
    // @ts-expect-error it makes another type
    () => json<{ readonly clicks: number }>({ version: 2, migrate: () => ({ bytes: 1 }) }),
    // @ts-expect-error no version
    () => json<{ readonly clicks: number }>({ migrate: () => ({ clicks: 1 }) }),
  ]
  expect(wrong).toHaveLength(2)
})

test('drop takes ids, and rename old names to new ones', () => {
  expectTypeOf<StreamsOptions['drop']>().toEqualTypeOf<readonly string[] | undefined>()
  expectTypeOf<StreamsOptions['rename']>().toEqualTypeOf<Readonly<Record<string, string>> | undefined>()
})

describe('an aggregation', () => {
  test('takes the constant of a store that fits it', () => {
    refused(() => {
      grouped.count({ store: totals })
      windows.count({ store: counts, retentionMs: 10 })
      // @ts-expect-error the store holds text
      grouped.count({ store: texts })
      // @ts-expect-error the store has windows
      grouped.count({ store: counts })
      // @ts-expect-error the store has no windows
      windows.count({ store: totals })
      // @ts-expect-error without windows nothing is retained
      grouped.count({ retentionMs: 10 })
      // @ts-expect-error the store has other keys
      grouped.count({ store: keyValueStore('other', { key: int64(), value: int64() }) })
      // @ts-expect-error the store has other values
      grouped.reduce((left) => left, { store: totals })
    })
  })
})

describe('an application', () => {
  const use = async (topology: Topology, log: Log): Promise<void> => {
    const app = await startStreams(topology, { log, applicationId: 'app' })
    expectTypeOf(app).toEqualTypeOf<Application>()
    expectTypeOf(app.store(totals)).toExtend<ReadOnlyKeyValueStore<string, number>>()
    expectTypeOf(app.store(totals).changes$).toEqualTypeOf<
      Observable<readonly StoreChange<string, number>[] | Resync>
    >()
    expectTypeOf(app.store(counts, { initial: true }).changes$).toEqualTypeOf<
      Observable<readonly StoreChange<Windowed<string>, number>[] | Resync>
    >()
    expectTypeOf(app.store(totals).get('a')).toEqualTypeOf<number | undefined>()
    expectTypeOf(app.store(totals).range()).toEqualTypeOf<Iterable<StoreRow<string, number>>>()
    expectTypeOf(app.store(totals).row('a')).toEqualTypeOf<StoreRow<string, number> | undefined>()
    expectTypeOf(app.store(totals).prefix('a')).toEqualTypeOf<Iterable<StoreRow<string, number>>>()
    app.store(totals).range({ from: 'a', reverse: true })
    expectTypeOf(app.store(counts).get('a', 0)).toEqualTypeOf<number | undefined>()
    expectTypeOf(app.store(counts)).toExtend<ReadOnlyWindowStore<string, number>>()
    expectTypeOf(app.store(counts).fetch('a', { from: 0 })).toEqualTypeOf<
      readonly StoreRow<Windowed<string>, number>[]
    >()
    expectTypeOf(log.store('app', totals)).toExtend<ReadOnlyKeyValueStore<string, number>>()
    expectTypeOf(log.store('app', counts)).toExtend<ReadOnlyWindowStore<string, number>>()
    for (const rows of [app.store(totals), log.store('app', totals)]) {
      const { answer, position } = rows.snapshot((at) => at.get('a'))
      expectTypeOf(answer).toEqualTypeOf<number | undefined>()
      expectTypeOf(position).toEqualTypeOf<StorePosition>()
      expectTypeOf(rows.atLeast(position)).resolves.toEqualTypeOf<ReadOnlyKeyValueStore<string, number>>()
    }
    expectTypeOf(app.store(counts).snapshot((at) => at.fetch('a')).answer).toEqualTypeOf<
      readonly StoreRow<Windowed<string>, number>[]
    >()
    // @ts-expect-error a store of windows is not asked for a key alone in a snapshot either
    app.store(counts).snapshot((at) => at.get('a'))
    const sent = log.producer().send(topic('t', { key: string(), value: string() }), { key: 'a', value: 'a' })
    void sent.then(async (place) => app.store(totals).atLeast(place))
    // @ts-expect-error a number is no position
    void app.store(totals).atLeast(5)
    // @ts-expect-error whose store it is
    log.store(totals)
    expectTypeOf(app.metrics()).toEqualTypeOf<Metrics>()
    expectTypeOf(app.stopped).toEqualTypeOf<Promise<void>>()
    expectTypeOf(app.state).toEqualTypeOf<ApplicationState>()
    // @ts-expect-error keys are text
    app.store(totals).get(5)
    // @ts-expect-error a store without windows is not fetched
    app.store(totals).fetch('a')
    // @ts-expect-error a prefix is a key
    app.store(totals).prefix(5)
    // @ts-expect-error a store of windows has a value for each window
    app.store(counts).get('a')
    // @ts-expect-error mistyped bounds
    app.store(counts).fetch('a', { form: 0 })
    // @ts-expect-error a name is no constant
    app.store('totals')
  }

  test('types its queries by the constant', () => void expectTypeOf(use).toBeFunction())

  test('takes options by name', () => {
    const start = async (topology: Topology, log: Log): Promise<void> => {
      await startStreams(topology, {
        log,
        applicationId: 'app',
        commit: { everyMs: 5, everyRecords: 5 },
        onError: (failure) => {
          expectTypeOf(failure).toEqualTypeOf<Failure>()
          expectTypeOf(failure.operator).toEqualTypeOf<string | undefined>()
          return 'skip'
        },
        signal: AbortSignal.timeout(5),
        onStateChange: (state) => expectTypeOf(state).toEqualTypeOf<ApplicationState>(),
      })
      await startStreams(topology, { log, applicationId: 'app', onError: { retries: 2, then: 'deadLetter' } })
      // @ts-expect-error an application has an id
      await startStreams(topology, { log })
      // @ts-expect-error mistyped
      await startStreams(topology, { log, applicationId: 'app', onErorr: 'skip' })
      // @ts-expect-error no such answer
      await startStreams(topology, { log, applicationId: 'app', onError: 'ignore' })
      // @ts-expect-error no such answer
      await startStreams(topology, { log, applicationId: 'app', onError: () => 'ignore' })
      // @ts-expect-error a builder is no topology
      await startStreams(new StreamsBuilder(), { log, applicationId: 'app' })
    }
    expectTypeOf(start).toBeFunction()
  })
})

describe('the test driver', () => {
  const use = (driver: TopologyTestDriver): void => {
    expectTypeOf(driver.inputTopic(clicks)).toEqualTypeOf<TestInputTopic<string, Click>>()
    expectTypeOf(driver.outputTopic(clicks)).toEqualTypeOf<TestOutputTopic<string, Click>>()
    expectTypeOf(driver.outputTopic(clicks).readRecords()).toEqualTypeOf<LogRecord<string, Click>[]>()
    expectTypeOf(driver.outputTopic(clicks).readKeyValues()).toEqualTypeOf<
      { readonly key: string; readonly value: Click }[]
    >()
    expectTypeOf(driver.outputTopic(clicks).readValues()).toEqualTypeOf<Click[]>()
    expectTypeOf(driver.outputTopic(clicks).isEmpty).toEqualTypeOf<boolean>()
    expectTypeOf(driver.store(totals).get('a')).toEqualTypeOf<number | undefined>()
    expectTypeOf(driver.store(counts).fetch('a')).toEqualTypeOf<readonly StoreRow<Windowed<string>, number>[]>()
    driver.inputTopic(clicks).pipeInput({ key: 'a', value: null })
    driver
      .inputTopic(clicks)
      .pipeInput({ key: 'a', value: { page: '/' }, timestamp: 5, headers: [{ key: 'h', value: 'text' }] })
    // @ts-expect-error another value
    driver.inputTopic(clicks).pipeInput({ key: 'a', value: 5 })
    // @ts-expect-error a key, null or not, is needed
    driver.inputTopic(clicks).pipeInput({ value: { page: '/' } })
    // @ts-expect-error the topic does not say nullable
    driver.inputTopic(clicks).pipeInput({ key: null, value: { page: '/' } })
    // @ts-expect-error a name is no topic
    driver.inputTopic('clicks')
  }

  test('types inputs, outputs and stores', () => void expectTypeOf(use).toBeFunction())
})
