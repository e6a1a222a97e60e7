// Whoever has an optional value passes it on as it is: every option and field of a record takes undefined for "not given".
import {
  type BackupOptions,
  type ConsumerOptions,
  int64,
  keyValueStore,
  type Log,
  type LogOptions,
  type MaintenanceOptions,
  type ProducerOptions,
  type ReadOptions,
  type RecordInput,
  type RecordOutput,
  type ResetOptions,
  type RestoreOptions,
  type StreamOptions,
  StreamsBuilder,
  type StreamsOptions,
  string,
  type TimeBounds,
  TimeWindows,
  topic,
  type TopicConfigChange,
  type TopicRequest,
  type VerifyOptions,
  type Windowed,
  windowed,
} from 'millrace'
import type { TestDriverOptions } from 'millrace/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'

/** The optional fields that refuse undefined. */
type Refusing<T> = {
  [Field in keyof T]-?: T extends Required<Pick<T, Field>>
    ? never
    : { readonly [One in Field]: undefined } extends Pick<T, Field>
      ? never
      : Field
}[keyof T]

describe('an optional field', () => {
  test('of public options takes undefined', () => {
    interface Planted {
      readonly refuses?: number
      readonly takes?: number | undefined
      readonly required: number
    }
    expectTypeOf<Refusing<Planted>>().toEqualTypeOf<'refuses'>()
    expectTypeOf<
      [
        Refusing<LogOptions>,
        Refusing<MaintenanceOptions>,
        Refusing<ProducerOptions>,
        Refusing<ConsumerOptions<string>>,
        Refusing<ReadOptions>,
        Refusing<ResetOptions>,
        Refusing<BackupOptions>,
        Refusing<RestoreOptions>,
        Refusing<VerifyOptions>,
        Refusing<TopicRequest>,
        Refusing<TopicConfigChange>,
        Refusing<StreamOptions>,
        Refusing<StreamsOptions>,
        Refusing<TestDriverOptions>,
        Refusing<TimeBounds>,
        Refusing<RecordInput<string, string>>,
        Refusing<RecordOutput<string, string>>,
      ][number]
    >().toBeNever()
  })

  test('of a call takes what its caller may or may not have', () => {
    const pass = (log: Log, number: number | undefined, text: string | undefined): void => {
      const numbers = topic('numbers', { key: string(), value: int64(), partitions: number, retentionMs: number })
      void log.admin.createTopic({ name: 'numbers', partitions: number, config: { retentionMs: number } })
      void log
        .producer()
        .send(numbers, { key: 'a', value: 1, timestamp: number, partition: number, headers: undefined })
      const store = number === undefined ? undefined : keyValueStore('sums', { key: string(), value: int64() })
      const stream = new StreamsBuilder().stream(numbers, { reset: undefined, name: text })
      stream.map((record) => ({ ...record, timestamp: number, headers: undefined }), { name: text })
      stream.repartition({ key: undefined, value: undefined, partitions: number, name: text })
      stream.groupByKey({ name: text, value: undefined }).count({ store, name: text })
      stream
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 5, advance: number, grace: number }))
        .count({ retentionMs: number })
    }
    expectTypeOf(pass).toBeFunction()
  })
})

test('a window is plain numbers, also in a key that a user builds', () => {
  const perMinute = topic('per-minute', { key: windowed(string(), { size: 60_000 }), value: int64() })
  const key: Windowed<string> = { key: 'a', window: { start: 0, end: 60_000 } }
  expectTypeOf<Windowed<string>['window']>().toEqualTypeOf<{ readonly start: number; readonly end: number }>()
  const stream = new StreamsBuilder().stream(perMinute)
  stream.map(({ value }) => ({ key: { key: 'b', window: { start: 0, end: 60_000 } }, value })).to(perMinute)
  expect(perMinute.key.decode(perMinute.key.encode(key))).toEqual(key)
})
