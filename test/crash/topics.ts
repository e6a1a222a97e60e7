// The topics and stores of the kill loop.
import {
  int64,
  json,
  keyValueStore,
  nullable,
  seconds,
  string,
  topic,
  type Topic,
  windowed,
  windowStore,
} from '../../src/index.ts'

/** An order, or what came back of one. `n` is its place in the input. */
export interface Order {
  readonly n: number
  readonly item: string
  readonly quantity: number
  readonly note: string
}

/** Which record the counter worked on, and which run of the counter it was. */
export interface Step {
  readonly n: number
  readonly run: number
}

export const windowMs = seconds(10)
export const graceMs = seconds(5)
export const retentionMs = seconds(90)

export const nearMs = seconds(1)
export const nearGraceMs = seconds(2)
export const gapMs = seconds(2)
export const sessionGraceMs = seconds(3)
export const limitMs = seconds(5)

export const applicationId = 'counter'

const order = json<Order>()

export const orders = topic('orders', { key: string(), value: order, partitions: 4 })
export const returns = topic('returns', { key: string(), value: order, partitions: 2 })
/** How many records are imported: the importer's place, committed with them. */
export const place = topic('place', { key: string(), value: int64() })

/** Every record that went through, in the order in which it was worked on. */
export const trace = topic('trace', { key: nullable(string()), value: json<Step>() })
export const counts = topic('counts', {
  key: windowed(string(), { size: windowMs }),
  value: int64(),
  partitions: 3,
})
export const totals = topic('totals', { key: string(), value: int64(), partitions: 4 })
export const summary = topic('summary', { key: string(), value: int64(), partitions: 2 })
export const lookedUp = topic('looked-up', { key: string(), value: int64(), partitions: 4 })
export const pairs = topic('pairs', { key: string(), value: int64(), partitions: 4 })
/** Sessions of a customer; one that has become part of another has no count. */
export const visits = topic('visits', {
  key: string(),
  value: json<{ readonly start: number; readonly end: number; readonly count: number | null }>(),
  partitions: 4,
})
export const limited = topic('limited', { key: string(), value: nullable(int64()), partitions: 4 })
export const answers = topic('answers', { key: string(), value: int64(), partitions: 4 })
export const deadLetters = topic(`${applicationId}.dead-letters`, { key: string(), value: order })

export const countStore = windowStore('count-store', { key: string(), value: int64() })
export const totalStore = keyValueStore('total-store', { key: string(), value: int64() })
export const summaryStore = keyValueStore('summary-store', { key: string(), value: int64() })

/** A topic whose types do not matter here. */
export type AnyTopic = Topic<unknown, unknown>

export const inputs = [orders, returns] as unknown as readonly AnyTopic[]
export const outputs = [
  trace,
  counts,
  totals,
  summary,
  lookedUp,
  pairs,
  visits,
  limited,
  answers,
  deadLetters,
] as unknown as readonly AnyTopic[]
export const everyTopic: readonly AnyTopic[] = [...inputs, place as unknown as AnyTopic, ...outputs]

export const regions = 5
export const digestModulus = 1_000_003
