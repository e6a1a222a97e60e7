// What the types of the Processor API know, and which calls they refuse.
import {
  int64,
  json,
  keyValueStore,
  type KStream,
  type KTable,
  type Processor,
  type ProcessorContext,
  type ProcessorKeyValueStore,
  type ProcessorWindowStore,
  type StoreRow,
  type StreamRecord,
  StreamsBuilder,
  string,
  topic,
  type TransformerContext,
  tuple,
  type ValueProcessor,
  type Windowed,
  windowStore,
} from 'millrace'
import { describe, expectTypeOf, test } from 'vitest'

interface Click {
  readonly page: string
}

const clicks = topic('clicks', { key: string(), value: json<Click>() })
const totals = keyValueStore('totals', { key: string(), value: int64() })
const perDay = windowStore('per-day', { key: string(), value: int64(), size: 5 })
const pairs = keyValueStore('pairs', { key: tuple(string(), int64()), value: string() })
const stream = new StreamsBuilder().stream(clicks)
const refused = (calls: () => unknown): void => void expectTypeOf(calls).toBeFunction()

describe('transformValues', () => {
  const table = new StreamsBuilder().table(clicks)
  const pages = keyValueStore('pages', { key: string(), value: string() })

  test('makes a table of what its transformer returns, which is given nulls for deletes', () => {
    refused(() => {
      const lengths = table.transformValues((context) => {
        expectTypeOf(context).toEqualTypeOf<TransformerContext>()
        return {
          transform(record) {
            expectTypeOf(record).toEqualTypeOf<StreamRecord<string, Click | null>>()
            return record.value?.page.length ?? null
          },
        }
      })
      expectTypeOf(lengths).toEqualTypeOf<KTable<string, number, 'key'>>()
    })
  })

  test('with a store its values have the serde of the store, and must be of it', () => {
    refused(() => {
      const named = table.transformValues(() => ({ transform: ({ value }) => value?.page ?? '' }), { store: pages })
      expectTypeOf(named).toEqualTypeOf<KTable<string, string, 'both'>>()
      // @ts-expect-error the store has strings
      table.transformValues(() => ({ transform: ({ value }) => value?.page.length ?? 0 }), { store: pages })
      // @ts-expect-error what it emits is what it returns
      table.transformValues((context) => ({ transform: ({ value }) => (context.forward({ value }), value) }))
      // @ts-expect-error the verb takes no key
      table.transformValues(() => ({ transform: () => 1 }), { key: string() })
    })
  })
})

describe('process', () => {
  test('makes a stream of what its processor forwards, which is what comes in unless it says', () => {
    refused(() => {
      const same = stream.process((context) => ({ process: (record) => context.forward(record) }))
      expectTypeOf(same).toEqualTypeOf<KStream<string, Click, 'neither'>>()
      const given = stream.process<string, number>((context) => ({
        process: ({ key, value }) => context.forward({ key, value: value.page.length }),
      }))
      expectTypeOf(given).toEqualTypeOf<KStream<string, number, 'neither'>>()
      const reusable = (context: ProcessorContext<number, string>) => ({
        process: ({ key }: StreamRecord<string, Click>) => context.forward({ key: key.length, value: key }),
      })
      expectTypeOf(stream.process(reusable)).toEqualTypeOf<KStream<number, string, 'neither'>>()
      const named: Processor<string, Click, number, string> = reusable
      expectTypeOf(stream.process(named)).toEqualTypeOf<KStream<number, string, 'neither'>>()
    })
  })

  test('gives the processor its records, and refuses another type of what it forwards', () => {
    refused(() => {
      stream.process((context) => ({
        process(record) {
          expectTypeOf(record).toEqualTypeOf<StreamRecord<string, Click>>()
          // @ts-expect-error without types of its own it forwards what comes in
          context.forward({ key: record.key, value: 1 })
          // @ts-expect-error a record has a value
          context.forward({ key: record.key })
        },
      }))
      const ofNumbers: Processor<string, number> = (context) => ({ process: (record) => context.forward(record) })
      // @ts-expect-error its records are others
      stream.process(ofNumbers)
    })
  })

  test('keeps the key in processValues', () => {
    refused(() => {
      const lengths = stream.processValues<number>((context) => ({
        process: ({ value }) => context.forward({ value: value.page.length }),
      }))
      expectTypeOf(lengths).toEqualTypeOf<KStream<string, number, 'key'>>()
      const same = stream.processValues((context) => ({ process: (record) => context.forward(record) }))
      expectTypeOf(same).toEqualTypeOf<KStream<string, Click, 'key'>>()
      const processor: ValueProcessor<string, Click, number> = (context) => ({
        // @ts-expect-error there is no key to choose
        process: ({ key }) => context.forward({ key, value: 1 }),
      })
      stream.processValues(processor)
      // @ts-expect-error a processor has process
      stream.processValues(() => ({}))
    })
  })

  test('asks for serdes where what it forwards is regrouped', () => {
    refused(() => {
      const made = stream.process((context) => ({ process: (record) => context.forward(record) }))
      made.groupByKey({ key: string(), value: json<Click>() }).count()
      // @ts-expect-error key and value may have changed
      made.groupByKey()
    })
  })

  test('takes what answers at once, and not what answers later', () => {
    refused(() => {
      const list: string[] = []
      stream.process(() => ({ process: ({ key }) => list.push(key), close: () => undefined }))
      stream.process(() => ({ process: ({ key }) => list.includes(key) }))
      // @ts-expect-error a promise comes after the turn
      stream.process(() => ({ process: async () => {} }))
      // @ts-expect-error close is synchronous too
      stream.process(() => ({ process: () => undefined, close: async () => {} }))
      // @ts-expect-error so is the function that makes it
      stream.process(async () => ({ process: () => undefined }))
      stream.process((context) => {
        // @ts-expect-error and a punctuation
        context.schedule(1, 'wallClock', async () => {})
        // @ts-expect-error there are two kinds of time
        context.schedule(1, 'eventTime', () => undefined)
        return { process: () => undefined }
      })
    })
  })
})

describe('a store of a processor', () => {
  test('is what its constant says', () => {
    refused(() => {
      stream.process(
        (context) => {
          const rows = context.store(totals)
          expectTypeOf(rows).toEqualTypeOf<ProcessorKeyValueStore<string, number>>()
          expectTypeOf(rows.get('a')).toEqualTypeOf<number | undefined>()
          expectTypeOf(rows.row('a')).toEqualTypeOf<StoreRow<string, number> | undefined>()
          expectTypeOf(rows.range()).toEqualTypeOf<Iterable<StoreRow<string, number>>>()
          rows.put('a', 1)
          rows.put('a', null, 5)
          // @ts-expect-error its values are numbers
          rows.put('a', 'b')
          // @ts-expect-error its keys are text
          rows.get(1)
          const windows = context.store(perDay)
          expectTypeOf(windows).toEqualTypeOf<ProcessorWindowStore<string, number>>()
          expectTypeOf(windows.fetch('a')).toEqualTypeOf<Iterable<StoreRow<Windowed<string>, number>>>()
          expectTypeOf(windows.get('a', 0)).toEqualTypeOf<number | undefined>()
          expectTypeOf(windows.range({ key: 'a', from: 5 })).toEqualTypeOf<
            Iterable<StoreRow<Windowed<string>, number>>
          >()
          // @ts-expect-error a window has a start
          windows.put('a', 1)
          // @ts-expect-error and is one of many
          windows.get('a')
          return { process: () => undefined }
        },
        { stores: [totals, perDay], name: 'own' },
      )
    })
  })

  test('is read by the first parts of a tuple', () => {
    refused(() => {
      stream.process((context) => {
        const rows = context.store(pairs)
        rows.prefix(['a'])
        rows.prefix(['a', 1])
        rows.prefix([])
        // @ts-expect-error the first part is text
        rows.prefix([1])
        // @ts-expect-error the parts come in their order
        rows.prefix(['a', 1, 2])
        return { process: () => undefined }
      })
    })
  })

  test('is named by its constant', () => {
    refused(() => {
      // @ts-expect-error a name is not enough
      stream.process(() => ({ process: () => undefined }), { stores: ['totals'] })
      // @ts-expect-error a list of them
      stream.process(() => ({ process: () => undefined }), { stores: totals })
    })
  })
})
