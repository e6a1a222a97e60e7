// What the compiler knows: types flow from a topic constant to records and results, and a wrong call does not compile.
import type { Application } from 'millrace'
import { expectTypeOf } from 'vitest'
import type { LogRecord } from '../../src/core/record.ts'
import type { StandardSchema } from '../../src/core/schema.ts'
import type { Serde } from '../../src/core/serde.ts'
import {
  bigint64,
  boolean,
  bytes,
  float64,
  int64,
  json,
  msgpack,
  nullable,
  string,
  tuple,
} from '../../src/core/serdes.ts'
import { keyValueStore } from '../../src/core/store-constants.ts'
import { topic, type Topic } from '../../src/core/topic.ts'
import type { Offset, Timestamp } from '../../src/core/units.ts'
import type { Windowed } from '../../src/core/windows/window.ts'
import { windowed } from '../../src/core/windows/windowed.ts'
import { isFrom } from '../../src/log/consumer/consumer.ts'
import type { Consumer, RecordBatch, TopicReader } from '../../src/log/consumer/face.ts'
import type { Admin } from '../../src/log/admin/face.ts'
import type { Log } from '../../src/log/face.ts'
import type { Producer, Transaction } from '../../src/log/producer/face.ts'
import type { SendManyResult, SendResult } from '../../src/log/producer/delivery.ts'

interface Click {
  readonly page: string
  readonly status: number
}

declare const log: Log
declare const click: Click
const producer = log.producer()

// The types of a record are the topic's, and its literals do not widen them.
const plans = topic('plans', { key: json<'a' | 'b'>(), value: json<{ plan: 'free' | 'team' }>() })
expectTypeOf(producer.send(plans, { key: 'a', value: { plan: 'team' } })).resolves.toEqualTypeOf<SendResult>()
expectTypeOf(producer.sendMany(plans, [{ key: 'b', value: { plan: 'free' } }])).resolves.toEqualTypeOf<SendManyResult>()
// @ts-expect-error no such plan
void producer.send(plans, { key: 'a', value: { plan: 'gold' } })

// What a send resolves with follows from acks.
expectTypeOf(log.producer({ acks: 1 }).send(plans, { key: 'a', value: null })).resolves.toEqualTypeOf<SendResult<1>>()
expectTypeOf<SendResult['offset']>().toEqualTypeOf<Offset>()
expectTypeOf<SendResult<1>['offset']>().toEqualTypeOf<null>()
expectTypeOf(log.producer({ acks: 0 }).send(plans, { key: 'a', value: null })).resolves.toEqualTypeOf<undefined>()
expectTypeOf(log.producer({ lingerMs: 5 })).toEqualTypeOf(producer)
// @ts-expect-error there is no second replica to wait for
log.producer({ acks: 2 })
void producer.transaction((tx) => {
  expectTypeOf(tx.send(plans, { key: 'a', value: { plan: 'free' } })).toEqualTypeOf<void>()
  tx.sendMany(plans, [{ key: 'b', value: { plan: 'free' } }])
  // @ts-expect-error no such plan
  tx.sendMany(plans, [{ key: 'a', value: { plan: 'gold' } }])
})

// Serdes type what they decode.
expectTypeOf(string()).toEqualTypeOf<Serde<string>>()
expectTypeOf(int64()).toEqualTypeOf<Serde<number>>()
expectTypeOf(bigint64()).toEqualTypeOf<Serde<bigint>>()
expectTypeOf(float64()).toEqualTypeOf<Serde<number>>()
expectTypeOf(boolean()).toEqualTypeOf<Serde<boolean>>()
expectTypeOf(bytes()).toEqualTypeOf<Serde<Uint8Array>>()
expectTypeOf(json<Click>()).toEqualTypeOf<Serde<Click>>()
expectTypeOf(msgpack<Click>()).toEqualTypeOf<Serde<Click>>()
expectTypeOf(nullable(string())).toEqualTypeOf<Serde<string | null>>()
expectTypeOf(windowed(string(), { size: 5 })).toEqualTypeOf<Serde<Windowed<string>>>()
expectTypeOf(tuple(string(), nullable(int64())).decode(new Uint8Array())).toExtend<readonly [string, number | null]>()
expectTypeOf(tuple(string(), int64()).encode).toBeCallableWith(['a', 1])
// @ts-expect-error the parts of a tuple have an order
tuple(string(), int64()).encode([1, 'a'])
// @ts-expect-error a size is needed
windowed(string(), {})

// A schema gives the type.
declare const clickSchema: StandardSchema<Click, Click>
declare const withDefault: StandardSchema<{ page: string; status?: number }, { page: string; status: number }>
declare const textToNumber: StandardSchema<string, number>
expectTypeOf(json(clickSchema)).toEqualTypeOf<Serde<Click>>()
expectTypeOf(msgpack(clickSchema)).toEqualTypeOf<Serde<Click>>()
expectTypeOf(json(withDefault)).toEqualTypeOf<Serde<{ page: string; status: number }>>()
// @ts-expect-error what the schema makes of a value could not be read back
json(textToNumber)
// @ts-expect-error what the schema makes of a value could not be read back
msgpack(textToNumber)

// A topic constant fixes key and value.
const clicks = topic('clicks', { key: string(), value: json<Click>(), partitions: 4 })
const keyless = topic('keyless', { key: nullable(string()), value: nullable(int64()) })
expectTypeOf(clicks).toEqualTypeOf<Topic<string, Click>>()
expectTypeOf(keyless).toEqualTypeOf<Topic<string | null, number | null>>()
// @ts-expect-error a value serde is needed
topic('clicks', { key: string() })
// @ts-expect-error an option that does not exist
topic('clicks', { key: string(), value: int64(), partition: 4 })
// @ts-expect-error a class is no serde
topic('clicks', { key: String, value: int64() })
// @ts-expect-error a store has no partitions
keyValueStore('counts', { key: string(), value: int64(), partitions: 4 })

// A producer takes records of the topic.
expectTypeOf(producer.send(clicks, { key: 'a', value: click })).resolves.toEqualTypeOf<SendResult>()
expectTypeOf(producer.send(clicks, { key: 'a', value: null })).resolves.toEqualTypeOf<SendResult>()
expectTypeOf(producer.send(keyless, { key: null, value: 5 })).resolves.toEqualTypeOf<SendResult>()
expectTypeOf(producer.sendMany(clicks, new Set([{ key: 'a', value: click }]))).resolves.toEqualTypeOf<SendManyResult>()
expectTypeOf<SendResult['offset']>().toEqualTypeOf<Offset>()
// @ts-expect-error a number is no key of clicks
void producer.send(clicks, { key: 1, value: click })
// @ts-expect-error clicks have a key
void producer.send(clicks, { key: null, value: click })
// @ts-expect-error the key is missing
void producer.send(clicks, { value: click })
// @ts-expect-error the value is missing; a tombstone says null
void producer.send(clicks, { key: 'a' })
// @ts-expect-error a string is no click
void producer.send(clicks, { key: 'a', value: 'click' })
// @ts-expect-error the status is missing
void producer.send(clicks, { key: 'a', value: { page: '/' } })
// @ts-expect-error the status is a number
void producer.send(clicks, { key: 'a', value: { page: '/', status: 'ok' } })
// @ts-expect-error a mistyped field of the value
void producer.send(clicks, { key: 'a', value: { page: '/', status: 200, satus: 200 } })
// @ts-expect-error a mistyped field of the record
void producer.send(clicks, { key: 'a', value: click, timestmap: 5 })
// @ts-expect-error a date is no timestamp
void producer.send(clicks, { key: 'a', value: click, timestamp: new Date(0) })
// @ts-expect-error headers are a list
void producer.send(clicks, { key: 'a', value: click, headers: { trace: '1' } })
// @ts-expect-error one of the values is no click
void producer.sendMany(clicks, [
  { key: 'a', value: click },
  { key: 'a', value: 5 },
])
// @ts-expect-error a name is no topic constant
void producer.send('clicks', { key: 'a', value: click })
// @ts-expect-error an option that does not exist
log.producer({ lingerMS: 5 })
// @ts-expect-error a compression that does not exist
log.producer({ compression: 'brotli' })

// A reader gives records of the topic, with their place.
async function read(): Promise<void> {
  for await (const record of log.read(clicks, { from: { time: 5 } })) {
    expectTypeOf(record).toEqualTypeOf<LogRecord<string, Click>>()
    expectTypeOf(record.key).toEqualTypeOf<string>()
    expectTypeOf(record.value).toEqualTypeOf<Click>()
    expectTypeOf(record.offset).toEqualTypeOf<Offset>()
    expectTypeOf(record.timestamp).toEqualTypeOf<Timestamp>()
    // @ts-expect-error an offset is no timestamp
    const time: Timestamp = record.offset
    // @ts-expect-error records cannot be changed
    record.value = click
    log.read(clicks, { from: record.offset, partition: record.partition })
    void time
  }
  for await (const batch of log.read(keyless).batches()) {
    expectTypeOf(batch).toEqualTypeOf<RecordBatch<string | null, number | null>>()
  }
}
void read
// @ts-expect-error a place that does not exist
log.read(clicks, { from: 'middle' })
// @ts-expect-error a mistyped option
log.read(clicks, { form: 5 })
// @ts-expect-error a name has no types
log.read('clicks')

// Records of a consumer are typed by their topics; of a topic by its name, or by a pattern, they are bytes.
const users = topic('users', { key: string(), value: json<{ readonly email: string }>() })
expectTypeOf(log.consumer({ topics: [plans] })).toEqualTypeOf<
  Consumer<LogRecord<'a' | 'b', { plan: 'free' | 'team' }>>
>()
const both = log.consumer({ group: 'g', topics: [plans, users] })
for await (const record of both) {
  expectTypeOf(record.value).toEqualTypeOf<{ plan: 'free' | 'team' } | { readonly email: string }>()
  if (isFrom(users, record)) expectTypeOf(record.value.email).toEqualTypeOf<string>()
}
for await (const batch of both.batches()) {
  await both.commit(batch)
  expectTypeOf(batch.records).toEqualTypeOf<
    | readonly LogRecord<'a' | 'b', { plan: 'free' | 'team' }>[]
    | readonly LogRecord<string, { readonly email: string }>[]
  >()
}
type RawRecord = LogRecord<Uint8Array | null, Uint8Array | null>
expectTypeOf(log.consumer({ topics: ['plans'] })).toEqualTypeOf<Consumer<RawRecord>>()
expectTypeOf(log.consumer({ pattern: /^plans/ })).toEqualTypeOf<Consumer<RawRecord>>()
expectTypeOf(log.consumer({ assign: [{ topic: users, partition: 0 }] })).toEqualTypeOf<
  Consumer<LogRecord<string, { readonly email: string }>>
>()
// @ts-expect-error no such policy
log.consumer({ topics: [users], reset: 'oldest' })

// What users hold are interfaces: whatever has the same members is one, so a second log can implement them.
type SameMembers<T> = { [Name in keyof T]: T[Name] }
expectTypeOf<SameMembers<Log>>().toExtend<Log>()
expectTypeOf<SameMembers<Producer>>().toExtend<Producer>()
expectTypeOf<SameMembers<Transaction>>().toExtend<Transaction>()
expectTypeOf<SameMembers<Consumer<LogRecord<string, string>>>>().toExtend<Consumer<LogRecord<string, string>>>()
expectTypeOf<SameMembers<TopicReader<string, string>>>().toExtend<TopicReader<string, string>>()
expectTypeOf<SameMembers<Admin>>().toExtend<Admin>()
expectTypeOf<SameMembers<Application>>().toExtend<Application>()
