// The processors that a case may name, over the public Processor API. README.md is their specification.
import type {
  KeyValueStore,
  Processor,
  ProcessorContext,
  ProcessorKeyValueStore,
  StreamRecord,
  ValueProcessor,
  ValueProcessorContext,
} from 'millrace'
import { type Key, num, ofNumber, ofText, plain, show, str, type Table, type Value } from './vocabulary.ts'

type CaseStore = KeyValueStore<Key, Value>
type Rows = ProcessorKeyValueStore<Key, Value>
type Context = ProcessorContext<Key, Value>
type Record = StreamRecord<Key, Value>

/** Makes a processor for the stores that its node names. */
export type MakeProcessor = (stores: readonly CaseStore[]) => Processor<Key, Value>
export type MakeValueProcessor = (stores: readonly CaseStore[]) => ValueProcessor<Key, Value>

/** A processor without a store. */
const each =
  (process: (context: Context, record: Record) => void): MakeProcessor =>
  () =>
  (context) => ({ process: (record) => process(context, record) })

/** One with stores. */
const keeping =
  (process: (context: Context, record: Record, store: Rows, second: Rows) => void): MakeProcessor =>
  (stores) =>
  (context) => {
    const [first, second] = stores.map((store) => context.store(store))
    return { process: (record) => process(context, record, first as Rows, second as Rows) }
  }

const valuesOf =
  (
    process: (context: ValueProcessorContext<Value>, record: Record, store: Rows | undefined) => void,
  ): MakeValueProcessor =>
  (stores) =>
  (context) => {
    const [store] = stores.map((one) => context.store(one))
    return { process: (record) => process(context, record, store) }
  }

const textOf = (value: Uint8Array | null): string => (value === null ? 'null' : Buffer.from(value).toString())

const withHeader = (record: Record, header: string): Record => {
  const [key = '', value = ''] = header.split('=')
  return { ...record, headers: [...record.headers, { key, value: Buffer.from(value) }] }
}

/** The value under a key, null where there is none. */
const valueUnder = (store: Rows, key: Key): Value => store.get(key) ?? null

const put = (store: Rows, { key, value }: Record): void => {
  if (key !== null) store.put(key, value)
}

const emitAll = (context: Context, store: Rows, timestamp: number): void => {
  for (const { key, value } of store.range()) context.forward({ key, value, timestamp, headers: [] })
}

const next = (store: Rows, key: Key): number => {
  const count = num(store.get(key) ?? 0) + 1
  store.put(key, count)
  return count
}

/** @param times how often it comes; 0: without an end */
const punctuating =
  (type: 'streamTime' | 'wallClock', times: number, intervalMs: number, startMs?: number): MakeProcessor =>
  ([constant]) =>
  (context) => {
    const store = context.store(constant as CaseStore)
    let count = 0
    const schedule = context.schedule(
      intervalMs,
      type,
      (now) => {
        emitAll(context, store, now)
        if (++count === times) schedule.cancel()
      },
      { startMs },
    )
    return { process: (record) => put(store, record) }
  }

const fromTo = (text: string): readonly [intervalMs: number, startMs: number] => {
  const [startMs, intervalMs] = text.split('/').map(Number)
  return [intervalMs as number, startMs as number]
}

export const processors: Table<MakeProcessor> = {
  pass: plain(
    'value',
    each((context, record) => context.forward(record)),
  ),
  forwardTwice: plain(
    'value',
    each((context, record) => {
      context.forward(record)
      context.forward({ ...record, value: `${show(record.value)}'` })
    }),
  ),
  swap: plain(
    'key',
    each((context, { key, value }) => context.forward({ key: value, value: key as Value })),
  ),
  tsShift: ofNumber('value', (n) =>
    each((context, record) => context.forward({ ...record, timestamp: Math.max(0, record.timestamp + n) })),
  ),
  tsToValue: plain(
    'long',
    each((context, record) => context.forward({ ...record, value: record.timestamp })),
  ),
  streamTimeToValue: plain(
    'long',
    each((context, record) => context.forward({ ...record, value: context.streamTime })),
  ),
  wallTimeToValue: plain(
    'long',
    each((context, record) => context.forward({ ...record, value: context.wallClock })),
  ),
  setHeader: ofText('value', (header) => each((context, record) => context.forward(withHeader(record, header)))),
  dropHeaders: plain(
    'value',
    each((context, record) => context.forward({ ...record, headers: [] })),
  ),
  headersToValue: plain(
    'string',
    each((context, record) =>
      context.forward({
        ...record,
        value: record.headers.map(({ key, value }) => `${key}=${textOf(value)}`).join(';'),
      }),
    ),
  ),
  countAndForward: plain(
    'long',
    keeping((context, { key }, store) => {
      if (key !== null) context.forward({ key, value: next(store, key) })
    }),
  ),
  dedupWithinMs: ofNumber('value', (n) =>
    keeping((context, record, store) => {
      const id = `${show(record.key)}/${show(record.value)}`
      const last = store.get(id)
      if (last !== undefined && Math.abs(record.timestamp - num(last)) < n) return
      store.put(id, record.timestamp)
      context.forward(record)
    }),
  ),
  changesOnly: plain(
    'value',
    keeping((context, record, store) => {
      if (record.key === null || valueUnder(store, record.key) === record.value) return
      store.put(record.key, record.value)
      context.forward(record)
    }),
  ),
  storePut: plain(
    'value',
    keeping((_, record, store) => put(store, record)),
  ),
  storeLookup: plain(
    'string',
    keeping((context, { key, value }, store) => {
      const found = key === null ? null : valueUnder(store, key)
      context.forward({ key, value: `${show(value)}+${show(found)}` })
    }),
  ),
  countWithPrevious: plain(
    'string',
    keeping((context, { key, value }, counts, last) => {
      if (key === null) return
      const count = next(counts, key)
      const before = valueUnder(last, key)
      last.put(key, value)
      context.forward({ key, value: `${count}:${show(before)}` })
    }),
  ),
  recordPut: plain(
    'value',
    keeping((_, record, store) => put(store, record)),
  ),
  recordLookup: plain(
    'value',
    keeping((context, { key }, store) => {
      const row = key === null ? undefined : store.row(key)
      context.forward(row ?? { key, value: null, headers: [] })
    }),
  ),
  recordSwap: plain(
    'value',
    keeping((context, record, store) => {
      if (record.key === null) return
      const before = store.row(record.key)
      store.put(record.key, record.value)
      if (before !== undefined) context.forward(before)
    }),
  ),
  emitStore: plain(
    'value',
    keeping((context, record, store) => {
      put(store, record)
      emitAll(context, store, record.timestamp)
    }),
  ),
  streamTimePunctuator: ofNumber('value', (n) => punctuating('streamTime', 0, n)),
  streamTimePunctuatorOnce: ofNumber('value', (n) => punctuating('streamTime', 1, n)),
  wallClockPunctuator: ofNumber('value', (n) => punctuating('wallClock', 0, n)),
  wallClockPunctuatorTwice: ofNumber('value', (n) => punctuating('wallClock', 2, n)),
  streamTimePunctuatorFrom: ofText('value', (text) => punctuating('streamTime', 0, ...fromTo(text))),
  wallClockPunctuatorFrom: ofText('value', (text) => punctuating('wallClock', 0, ...fromTo(text))),
}

/** Those that remember something in a variable, which a crash loses. */
export const forgetful: readonly string[] = ['wallClockPunctuatorTwice']

export const valueProcessors: Table<MakeValueProcessor> = {
  pass: plain(
    'value',
    valuesOf((context, record) => context.forward(record)),
  ),
  tsToValue: plain(
    'long',
    valuesOf((context, { timestamp }) => context.forward({ value: timestamp })),
  ),
  setHeader: ofText('value', (header) => valuesOf((context, record) => context.forward(withHeader(record, header)))),
  countAndForward: plain(
    'long',
    valuesOf((context, { key }, store) => {
      if (key !== null) context.forward({ value: next(store as Rows, key) })
    }),
  ),
  upperValue: plain(
    'string',
    valuesOf((context, { value }) => context.forward({ value: value === null ? null : str(value).toUpperCase() })),
  ),
}
