// The Processor API: what a processor may do in its turn, what its stores hold, and what is refused.
import {
  days,
  int64,
  json,
  keyValueStore,
  MillraceError,
  nullable,
  type Processor,
  type ProcessorContext,
  type ProcessorKeyValueStore,
  type Schedule,
  sessionStore,
  type StoreRow,
  StreamsBuilder,
  string,
  topic,
  tuple,
  type Windowed,
  windowStore,
} from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, type Script, topologyOf } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const seen = keyValueStore('seen', { key: string(), value: string() })
const numbers = keyValueStore('numbers', { key: string(), value: int64() })

/** A topology of one processor from the input to the output. */
const processed =
  (processor: Processor<string, string>, ...stores: readonly (typeof seen | typeof numbers)[]): Script =>
  (builder) =>
    builder.stream(input).process(processor, { stores, name: 'own' }).to(output)

const pipe = (driver: TopologyTestDriver, key: string, value: string | null, timestamp: number): void =>
  driver.inputTopic(input).pipeInput({ key, value, timestamp })

const written = (driver: TopologyTestDriver): string[] => briefly(driver.outputTopic(output).readRecords())

describe('forward', () => {
  test('keeps timestamp and headers of the record at hand unless they are given', () => {
    const driver = drive(
      processed((context) => ({
        process({ key, value }) {
          context.forward({ key, value })
          context.forward({ key, value: `${value}!`, timestamp: 7, headers: [{ key: 'h', value: 'own' }] })
        },
      })),
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1, headers: [{ key: 'h', value: 'in' }] })
    expect(
      driver
        .outputTopic(output)
        .readRecords()
        .map(({ value, timestamp, headers }) => [value, timestamp, Buffer.from(headers[0]?.value ?? '').toString()]),
    ).toEqual([
      ['x', 1, 'in'],
      ['x!', 7, 'own'],
    ])
  })

  test('passes the record at hand on with its bytes', () => {
    const spaced = topic('spaced', { key: string(), value: json<number>() })
    const raw = topic('spaced', { key: string(), value: string() })
    const copy = topic('copy', { key: string(), value: json<number>() })
    const builder = new StreamsBuilder()
    builder
      .stream(spaced)
      .process((context) => ({ process: (record) => context.forward(record) }))
      .to(copy)
    using driver = new TopologyTestDriver(builder.build())
    driver.inputTopic(raw).pipeInput({ key: 'a', value: ' 1 ', timestamp: 0 })
    const bytes = topic('copy', { key: string(), value: string() })
    expect(briefly(driver.outputTopic(bytes).readRecords())).toEqual(['a= 1 @0'])
  })

  test('returns when everything after it has been processed, depth first', () => {
    const calls: string[] = []
    const driver = drive((builder) => {
      const made = builder.stream(input).process<string, string>((context) => ({
        process({ key, value }) {
          for (const part of ['1', '2']) {
            context.forward({ key, value: value + part })
            calls.push(`after ${part}`)
          }
        },
      }))
      made.foreach(({ value }) => void calls.push(`left ${value}`))
      made.foreach(({ value }) => void calls.push(`right ${value}`))
    })
    pipe(driver, 'a', 'x', 0)
    expect(calls).toEqual(['left x1', 'right x1', 'after 1', 'left x2', 'right x2', 'after 2'])
  })

  test('names a child, which alone gets the record', () => {
    const driver = drive((builder) => {
      const made = builder.stream(input).process((context) => ({
        process: (record) => context.forward(record, record.value === 'x' ? 'xs' : undefined),
      }))
      made.mapValues(({ value }) => `xs ${value}`, { name: 'xs' }).to(output)
      made.mapValues(({ value }) => `others ${value}`, { name: 'others' }).to(output)
    })
    pipe(driver, 'a', 'x', 0)
    pipe(driver, 'a', 'y', 1)
    expect(written(driver)).toEqual(['a=xs x@0', 'a=xs y@1', 'a=others y@1'])
  })

  test('of a child that is none stops the application, and lists those that there are', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .process((context) => ({ process: (record) => context.forward(record, 'nowhere') }), { name: 'own' })
        .to(output, { name: 'out' }),
    )
    const error = errorOf(() => pipe(driver, 'a', 'x', 0))
    expect(error).toMatchObject({ code: 'bad_option', operator: 'own' })
    expect(error.message).toContain('own forwards to "nowhere", but what comes after it is "out"')
  })

  test.each([undefined, 1, 'a', {}, { key: 'a' }, { key: 'a', value: Promise.resolve('x') }])(
    'of %s fails the record, and nothing of its turn stays',
    (record) => {
      const driver = drive(
        processed((context) => {
          const store = context.store(seen)
          return {
            process({ key, value }) {
              store.put(key, value)
              call(context, 'forward', record)
            },
          }
        }, seen),
        { onError: 'skip' },
      )
      pipe(driver, 'a', 'x', 0)
      expect(written(driver)).toEqual([])
      expect([...driver.store(seen).range()]).toEqual([])
      expect(driver.metrics().failed).toMatchObject({ own: { bad_record: 1 } })
    },
  )

  test('that fails further on fails the turn, even when the processor catches it', () => {
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .process(
            (context) => ({
              process(record) {
                context.forward({ ...record, value: 'before' })
                try {
                  context.forward(record)
                } catch {
                  context.forward({ ...record, value: 'caught' })
                }
              },
            }),
            { name: 'own' },
          )
          .mapValues(
            ({ value }) => {
              if (value === 'bad') throw new Error('bad value')
              return value
            },
            { name: 'picky' },
          )
          .to(output),
      { onError: 'skip' },
    )
    pipe(driver, 'a', 'bad', 0)
    pipe(driver, 'a', 'good', 1)
    expect(written(driver)).toEqual(['a=before@1', 'a=good@1'])
    expect(driver.metrics().failed).toEqual({ picky: { user_function_threw: 1 } })
  })

  test('of processValues keeps the key, and refuses another one', () => {
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .processValues((context) => ({
            process({ value }) {
              if (value === 'key') context.forward({ value, key: 'b' } as { value: string })
              else context.forward({ value: `${value}!` })
            },
          }))
          .groupByKey({ value: string() })
          .count()
          .toStream()
          .to(topic('counts', { key: string(), value: int64() })),
      { onError: 'skip' },
    )
    pipe(driver, 'a', 'x', 0)
    pipe(driver, 'a', 'key', 1)
    pipe(driver, 'a', 'y', 2)
    const counts = driver.outputTopic(topic('counts', { key: string(), value: nullable(int64()) }))
    expect(briefly(counts.readRecords())).toEqual(['a=1@0', 'a=2@2'])
    expect(driver.metrics().failed).toEqual({ 'input.processValues': { bad_record: 1 } })
  })
})

describe('a function that answers later', () => {
  const later = {
    process: () => Promise.resolve(),
    'process, a generator': function* () {
      yield 1
    },
  }
  test.each(Object.entries(later))('%s fails its record', (_, process) => {
    const driver = drive((builder) => call(builder.stream(input), 'process', () => ({ process })), { onError: 'skip' })
    pipe(driver, 'a', 'x', 0)
    expect(driver.metrics().failed).toEqual({ 'input.process': { bad_record: 1 } })
  })

  test('a punctuation fails, and comes again', () => {
    let count = 0
    const driver = drive(
      processed((context) => {
        context.schedule(10, 'streamTime', () => {
          if (++count === 1) return Promise.resolve() as never
          context.forward({ key: 'p', value: String(count) })
        })
        return { process: () => undefined }
      }),
      { onError: 'skip' },
    )
    pipe(driver, 'a', 'x', 5)
    pipe(driver, 'a', 'x', 15)
    expect(written(driver)).toEqual(['p=2@15'])
    expect(driver.metrics().failed).toEqual({ own: { bad_record: 1 } })
  })
})

describe('a key-value store', () => {
  /** Runs `work` on a store in the turn of one record, after another turn has filled it, and shows what it returned. */
  function inTurn<R>(work: (store: ProcessorKeyValueStore<string, string>) => R): R {
    const results: R[] = []
    const driver = drive(
      processed((context) => {
        const store = context.store(seen)
        return {
          process({ key, value }) {
            if (key === 'work') results.push(work(store))
            else store.put(key, value)
          },
        }
      }, seen),
    )
    for (const [at, key] of ['b', 'a', 'ab', 'c'].entries()) pipe(driver, key, key.toUpperCase(), at)
    pipe(driver, 'work', '', 9)
    return results[0] as R
  }

  test('gives values and rows, with the timestamps that they were put with', () => {
    expect(inTurn((store) => [store.get('a'), store.get('none'), store.row('a'), store.row('none')])).toEqual([
      'A',
      undefined,
      { key: 'a', value: 'A', timestamp: 1 },
      undefined,
    ])
    expect(
      inTurn((store) => {
        store.put('a', 'A2')
        store.put('b', 'B2', 5)
        return briefly(store.range())
      }),
    ).toEqual(['a=A2@9', 'ab=AB@2', 'b=B2@5', 'c=C@3'])
  })

  test('loses rows by delete and by a null value', () => {
    expect(
      inTurn((store) => {
        store.delete('a')
        store.put('b', null)
        store.delete('none')
        return [store.get('a'), ...briefly(store.range())]
      }),
    ).toEqual([undefined, 'ab=AB@2', 'c=C@3'])
  })

  test('is read in both directions, between bounds, and by the beginning of the key', () => {
    const keys = (rows: Iterable<{ readonly key: string }>): string => [...rows].map(({ key }) => key).join()
    expect(inTurn((store) => keys(store.range()))).toBe('a,ab,b,c')
    expect(inTurn((store) => keys(store.range({ reverse: true })))).toBe('c,b,ab,a')
    expect(inTurn((store) => keys(store.range({ from: 'ab', to: 'b' })))).toBe('ab,b')
    expect(inTurn((store) => keys(store.range({ from: 'ab', to: 'b', reverse: true })))).toBe('b,ab')
    expect(inTurn((store) => keys(store.prefix('a')))).toBe('a,ab')
    expect(inTurn((store) => keys(store.prefix('')))).toBe('a,ab,b,c')
  })

  test('may be written while a range is read: what is put ahead comes, what is removed ahead does not', () => {
    expect(
      inTurn((store) => {
        const met: string[] = []
        for (const { key } of store.range()) {
          met.push(key)
          if (key === 'a') {
            store.put('aa', '')
            store.put('A', '')
            store.delete('b')
          }
        }
        return met
      }),
    ).toEqual(['a', 'aa', 'ab', 'c'])
  })

  test('gives a range that can be read more than once', () => {
    expect(
      inTurn((store) => {
        const range = store.range({ to: 'ab' })
        return [...range, ...range].length
      }),
    ).toBe(4)
  })

  test('finds the rows of a tuple by its first parts', () => {
    const visits = keyValueStore('visits', { key: tuple(string(), int64()), value: string() })
    const found: unknown[] = []
    const driver = drive((builder) =>
      builder.stream(input).process(
        (context) => {
          const store = context.store(visits)
          return {
            process({ key, value, timestamp }) {
              store.put([key, timestamp], value)
              found.push([...store.prefix([key])].map((row) => row.key[1]))
            },
          }
        },
        { stores: [visits] },
      ),
    )
    for (const [at, key] of ['a', 'ab', 'a', 'ab', 'a'].entries()) pipe(driver, key, 'x', at)
    expect(found).toEqual([[0], [1], [0, 2], [1, 3], [0, 2, 4]])
  })

  test('is undone with its turn, and is there after a crash', () => {
    const driver = drive(
      processed((context) => {
        const store = context.store(numbers)
        return {
          process({ key, value }) {
            store.put(key, (store.get(key) ?? 0) + 1)
            if (value === 'bad') throw new Error('bad')
          },
        }
      }, numbers),
      { onError: 'skip' },
    )
    pipe(driver, 'a', 'x', 0)
    driver.crash()
    pipe(driver, 'a', 'bad', 1)
    driver.crash()
    pipe(driver, 'a', 'x', 2)
    expect(briefly(driver.store(numbers).range())).toEqual(['a=2@2'])
  })

  test('refuses a value that does not encode, and the processor may go on', () => {
    const driver = drive(
      processed((context) => {
        const store = context.store(seen)
        return {
          process({ key }) {
            try {
              call(store, 'put', key, 5)
            } catch (error) {
              context.forward({ key, value: (error as MillraceError).code })
            }
          },
        }
      }, seen),
    )
    pipe(driver, 'a', 'x', 0)
    expect(written(driver)).toEqual(['a=encode_failed@0'])
  })

  test('belongs to all processors that name it, each of which sees what the others put', () => {
    const driver = drive((builder) => {
      const stream = builder.stream(input)
      stream.process(
        (context) => {
          const store = context.store(seen)
          return { process: ({ key, value }) => store.put(key, value) }
        },
        { stores: [seen], name: 'writer' },
      )
      stream
        .process(
          (context) => {
            const store = context.store(seen)
            return { process: ({ key }) => context.forward({ key, value: store.get(key) ?? 'none' }) }
          },
          { stores: [seen], name: 'reader' },
        )
        .to(output)
    })
    pipe(driver, 'a', 'x', 0)
    expect(written(driver)).toEqual(['a=x@0'])
  })

  test('of another kind or with other serdes is refused where it is named again', () => {
    const pass: Processor<string, string> = (context) => ({ process: (record) => context.forward(record) })
    const other = [
      keyValueStore('seen', { key: string(), value: int64() }),
      keyValueStore('seen', { key: int64(), value: string() }),
      keyValueStore('seen', { key: string(), value: string(), headers: true }),
      windowStore('seen', { key: string(), value: string(), size: 5 }),
    ]
    for (const store of other) {
      const error = errorOf(() =>
        topologyOf((builder) => {
          const stream = builder.stream(input)
          stream.process(pass, { stores: [seen], name: 'one' })
          stream.process(pass, { stores: [store], name: 'two' })
        }),
      )
      expect(error).toMatchObject({ code: 'topology_invalid', store: 'seen', operator: 'two' })
    }
  })
})

describe('the store of an aggregation', () => {
  const counted: Script = (builder) => {
    const stream = builder.stream(input)
    stream.groupByKey().count({ store: numbers })
    stream
      .process(
        (context) => {
          const counts = context.store(numbers)
          return {
            process({ key, value }) {
              if (value === 'write') counts.put(key, 0)
              context.forward({ key, value: briefly(counts.range()).join(' ') })
            },
          }
        },
        { stores: [numbers], name: 'own' },
      )
      .to(output)
  }

  test('is read as it is now, ranges too, and after a crash', () => {
    const driver = drive(counted, { stateCacheBytes: 0 })
    pipe(driver, 'b', 'x', 0)
    pipe(driver, 'a', 'x', 1)
    driver.crash()
    pipe(driver, 'b', 'x', 2)
    expect(written(driver)).toEqual(['b=b=1@0@0', 'a=a=1@1 b=1@0@1', 'b=a=1@1 b=2@2@2'])
  })

  test('cannot be written', () => {
    const driver = drive(counted)
    const error = errorOf(() => pipe(driver, 'a', 'write', 0))
    expect(error).toMatchObject({ code: 'bad_option', operator: 'own', store: 'numbers' })
  })

  test('is named after the call that makes it', () => {
    const error = errorOf(() =>
      topologyOf((builder) => {
        const stream = builder.stream(input)
        processed((context) => ({ process: (record) => context.forward(record) }), numbers)(builder)
        stream.groupByKey().count({ store: numbers })
      }),
    )
    expect(error).toMatchObject({ code: 'topology_invalid', store: 'numbers' })
    expect(error.message).toContain('for a processor to read the store of input.count, call count first')
  })
})

describe('a store with headers', () => {
  const records = keyValueStore('records', { key: string(), value: string(), headers: true })
  const keeping: Script = (builder) =>
    builder
      .stream(input)
      .process(
        (context) => {
          const store = context.store(records)
          return {
            process({ key, value }) {
              const before = store.row(key)
              store.put(key, value)
              if (before !== undefined) context.forward(before)
            },
          }
        },
        { stores: [records] },
      )
      .to(output)
  const text = (headers: readonly { readonly key: string; readonly value: Uint8Array | null }[] = []): string =>
    headers.map(({ key, value }) => `${key}:${value === null ? 'null' : Buffer.from(value).toString()}`).join()

  test('gives each row back with those of its record, to queries too, and after a crash', () => {
    const driver = drive(keeping, { stateCacheBytes: 0 })
    const headers = [
      { key: 'h', value: '1' },
      { key: 'h', value: null },
      { key: '', value: '' },
    ]
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 5, headers })
    const store = driver.store(records)
    expect(store.get('a')).toBe('x')
    expect([...store.range()].map((row) => [row.value, row.timestamp, text(row.headers)])).toEqual([
      ['x', 5, 'h:1,h:null,:'],
    ])
    driver.crash()
    pipe(driver, 'a', 'y', 1)
    const [before] = driver.outputTopic(output).readRecords()
    expect([before?.value, before?.timestamp, text(before?.headers)]).toEqual(['x', 5, 'h:1,h:null,:'])
    expect([...store.range()].map((row) => text(row.headers))).toEqual([''])
  })

  test('is not for an aggregation', () => {
    const counts = keyValueStore('counts', { key: string(), value: int64(), headers: true })
    const error = errorOf(() => topologyOf((builder) => builder.stream(input).groupByKey().count({ store: counts })))
    expect(error).toMatchObject({ code: 'topology_invalid', store: 'counts' })
  })
})

describe('a window store', () => {
  const perWindow = windowStore('per-window', { key: string(), value: string(), size: 10, retentionMs: 100 })
  const windows =
    (store = perWindow): Script =>
    (builder) =>
      builder
        .stream(input)
        .process(
          (context) => {
            const rows = context.store(store)
            return {
              process({ key, value, timestamp }) {
                rows.put(key, value === '' ? null : value, timestamp)
                const found = [...rows.fetch(key, { from: timestamp - 20, to: timestamp })]
                context.forward({ key, value: found.map((row) => `${row.value}${row.key.window.start}`).join() })
              },
            }
          },
          { stores: [store], name: 'own' },
        )
        .to(output)

  test('gives the windows of one key in the order of time, and loses those with a null value', () => {
    const driver = drive(windows())
    for (const [key, value, at] of [
      ['a', 'x', 30],
      ['b', 'y', 31],
      ['a', 'z', 45],
      ['a', 'w', 35],
      ['a', '', 30],
      ['a', 'v', 45],
    ] as const) {
      pipe(driver, key, value, at)
    }
    expect(written(driver)).toEqual(['a=x30@30', 'b=y31@31', 'a=x30,z45@45', 'a=x30,w35@35', 'a=@30', 'a=w35,v45@45'])
    expect(
      driver
        .store(perWindow)
        .fetch('a')
        .map(({ key, value }) => [key.window, value]),
    ).toEqual([
      [{ start: 35, end: 45 }, 'w'],
      [{ start: 45, end: 55 }, 'v'],
    ])
  })

  test('gives the value of one window, and the windows of all keys in stretches of time', () => {
    const said: unknown[] = []
    const driver = drive((builder) =>
      builder.stream(input).process(
        (context) => {
          const rows = context.store(perWindow)
          const brief = (found: Iterable<StoreRow<Windowed<string>, string>>): string =>
            [...found].map(({ key, value }) => `${key.key}${key.window.start}${value}`).join()
          return {
            process({ key, value, timestamp }) {
              rows.put(key, value, timestamp)
              said.push([
                rows.get(key, timestamp),
                rows.get(key, timestamp + 1),
                brief(rows.range()),
                brief(rows.range({ from: 31, to: 45, reverse: true })),
                brief(rows.range({ key: 'a', to: 31 })),
              ])
            },
          }
        },
        { stores: [perWindow], name: 'own' },
      ),
    )
    pipe(driver, 'b', 'y', 31)
    pipe(driver, 'a', 'x', 30)
    pipe(driver, 'a', 'z', 46)
    pipe(driver, 'a', 'w', 31)
    expect(said).toEqual([
      ['y', undefined, 'b31y', 'b31y', ''],
      ['x', undefined, 'a30x,b31y', 'b31y', 'a30x'],
      ['z', undefined, 'a30x,a46z,b31y', 'b31y', 'a30x'],
      ['w', undefined, 'a30x,a31w,a46z,b31y', 'b31y,a31w', 'a30x,a31w'],
    ])
  })

  test('loses a window when the stream time of the task has passed its start by the retention', () => {
    const driver = drive((builder) => {
      windows()(builder)
      builder.stream(topic('other', { key: string(), value: string() })).process(
        (context) => {
          const rows = context.store(perWindow)
          return { process: ({ key }) => rows.put(key, 'late', 0) }
        },
        { stores: [perWindow], name: 'others' },
      )
    })
    pipe(driver, 'a', 'x', 5)
    const other = driver.inputTopic(topic('other', { key: string(), value: string() }))
    other.pipeInput({ key: 'b', value: '', timestamp: 104 })
    pipe(driver, 'a', 'y', 6)
    other.pipeInput({ key: 'b', value: '', timestamp: 105 })
    pipe(driver, 'a', 'z', 7)
    expect(written(driver)).toEqual(['a=x5@5', 'a=x5,y6@6', 'a=y6,z7@7'])
  })

  test('says how long its windows are', () => {
    const store = windowStore('per-window', { key: string(), value: string() })
    expect(errorOf(() => topologyOf(windows(store)))).toMatchObject({ code: 'topology_invalid', store: 'per-window' })
    expect(errorOf(() => windowStore('w', { key: string(), value: string(), size: 10, retentionMs: 9 })).code).toBe(
      'bad_option',
    )
    const kept = windowStore('kept', { key: string(), value: string(), size: days(2) })
    expect(topologyOf(windows(kept)).stores[0]?.spec.layout.retentionMs).toBe(days(2))
  })
})

describe('a session store', () => {
  const visits = sessionStore('visits', { key: string(), value: string(), retentionMs: 100 })

  test('gives the sessions of a key that touch a span of time, and loses those that are removed or too old', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .process(
          (context) => {
            const sessions = context.store(visits)
            return {
              process({ key, value, timestamp }) {
                const [start = 0, end = 0] = value.split('-').map(Number)
                if (start < 0) sessions.remove(key, { start: -start, end })
                else if (end > 0) sessions.put(key, { start, end }, value)
                const found = [...sessions.find(key, { from: timestamp - 10, to: timestamp })]
                context.forward({ key, value: found.map((row) => row.value).join() })
              },
            }
          },
          { stores: [visits] },
        )
        .to(output),
    )
    for (const [key, value, at] of [
      ['a', '10-20', 5],
      ['a', '18-40', 30],
      ['b', '30-30', 31],
      ['a', '', 31],
      ['a', '5-9', 32],
      ['a', '', 109],
      ['a', '', 12],
      ['a', '', 140],
      ['a', '', 41],
    ] as const) {
      pipe(driver, key, value, at)
    }
    expect(written(driver)).toEqual([
      'a=@5',
      'a=10-20,18-40@30',
      'b=30-30@31',
      'a=18-40@31',
      'a=18-40@32',
      'a=@109',
      'a=10-20@12',
      'a=@140',
      'a=@41',
    ])
    // 140 is more than 100 ms after its end.
    expect(driver.store(visits).find('b')).toEqual([])
  })

  test('gives the value of one session, and the sessions of all keys that touch a span of time', () => {
    const said: unknown[] = []
    const driver = drive((builder) =>
      builder.stream(input).process(
        (context) => {
          const sessions = context.store(visits)
          return {
            process({ key, value, timestamp }) {
              sessions.put(key, { start: timestamp - 5, end: timestamp }, value)
              const found = [...sessions.range({ from: timestamp - 1, to: timestamp })]
              const ofA = [...sessions.range({ key: 'a' })]
              said.push([
                sessions.get(key, { start: timestamp - 5, end: timestamp }),
                sessions.get(key, { start: timestamp - 4, end: timestamp }),
                found.map((row) => row.value).join(''),
                ofA.map((row) => row.value).join(''),
              ])
            },
          }
        },
        { stores: [visits] },
      ),
    )
    pipe(driver, 'a', 'x', 20)
    pipe(driver, 'b', 'y', 22)
    pipe(driver, 'c', 'z', 40)
    pipe(driver, 'a', 'w', 15)
    expect(said).toEqual([
      ['x', undefined, 'x', 'x'],
      ['y', undefined, 'y', 'x'],
      ['z', undefined, 'z', 'x'],
      ['w', undefined, 'wx', 'wx'],
    ])
  })

  test('refuses a session that ends before it starts', () => {
    const driver = drive(
      (builder) =>
        builder.stream(input).process(
          (context) => {
            const sessions = context.store(visits)
            return { process: ({ key, value }) => sessions.put(key, { start: 5, end: 4 }, value) }
          },
          { stores: [visits], name: 'own' },
        ),
      { onError: 'skip' },
    )
    pipe(driver, 'a', 'x', 0)
    expect(driver.metrics().failed).toEqual({ own: { bad_record: 1 } })
  })
})

describe('a context', () => {
  test('tells times and where the record at hand lies', () => {
    const said: unknown[] = []
    const driver = drive(
      processed((context) => {
        const say = (): void =>
          void said.push([context.streamTime, context.wallClock, context.recordMetadata, context.partition])
        context.schedule(10, 'wallClock', say)
        say()
        return { process: say }
      }),
    )
    pipe(driver, 'a', 'x', 5)
    driver.advanceWallClockTime(3)
    pipe(driver, 'a', 'x', 2)
    driver.advanceWallClockTime(7)
    const place = (offset: number): unknown => ({ topic: 'input', partition: 0, offset })
    expect(said).toEqual([
      [-1, 0, undefined, 0],
      [5, 0, place(0), 0],
      [5, 3, place(1), 0],
      [5, 10, undefined, 0],
    ])
  })

  test('asks for a commit, which comes after the turn', () => {
    const driver = drive(
      processed((context) => ({
        process(record) {
          if (record.value === 'commit') context.commit()
          context.forward(record)
        },
      })),
      { commit: 'manual' },
    )
    pipe(driver, 'a', 'x', 0)
    expect(written(driver)).toEqual([])
    pipe(driver, 'a', 'commit', 1)
    expect(written(driver)).toEqual(['a=x@0', 'a=commit@1'])
    pipe(driver, 'a', 'y', 2)
    expect(written(driver)).toEqual(['a=x@0', 'a=commit@1'])
  })

  test('gives no store that its processor does not name', () => {
    const error = errorOf(() =>
      drive(processed((context) => (context.store(numbers), { process: () => undefined }), seen)),
    )
    expect(error).toMatchObject({ code: 'store_unknown', operator: 'own', store: 'numbers' })
    const other = keyValueStore('seen', { key: string(), value: int64() })
    expect(
      errorOf(() => drive(processed((context) => (context.store(other), { process: () => undefined }), seen))),
    ).toMatchObject({
      code: 'bad_option',
      store: 'seen',
    })
  })

  test('is for the turn: what is called later stops the application', () => {
    let kept: ProcessorContext<string, string> | undefined
    let store: ProcessorKeyValueStore<string, string> | undefined
    let schedule: Schedule | undefined
    let range: Iterator<unknown> | undefined
    const driven = (): TopologyTestDriver => {
      const driver = drive(
        processed((context) => {
          kept = context
          store = context.store(seen)
          schedule = context.schedule(10, 'streamTime', () => undefined)
          return {
            process({ key, value }) {
              store?.put(key, value)
              range ??= store?.range()[Symbol.iterator]()
              range?.next()
            },
          }
        }, seen),
      )
      pipe(driver, 'a', 'x', 0)
      return driver
    }
    const later: (() => unknown)[] = [
      () => kept?.forward({ key: 'a', value: 'late' }),
      () => kept?.commit(),
      () => kept?.store(seen),
      () => kept?.schedule(1, 'streamTime', () => undefined),
      () => schedule?.cancel(),
      () => store?.get('a'),
      () => store?.put('a', 'late'),
      () => store?.range(),
      () => range?.next(),
    ]
    for (const work of later) {
      range = undefined
      const driver = driven()
      expect(errorOf(work)).toMatchObject({ code: 'emitted_outside_turn', operator: 'own' })
      expect(errorOf(() => pipe(driver, 'a', 'y', 1)).code).toBe('emitted_outside_turn')
    }
  })

  test('lets a processor read its stores while it is made, but not write or emit', () => {
    const read: unknown[] = []
    const driver = drive(
      processed((context) => {
        const store = context.store(seen)
        read.push(store.get('a'), ...briefly(store.range()))
        return { process: ({ key, value }) => store.put(key, value) }
      }, seen),
    )
    pipe(driver, 'a', 'x', 0)
    driver.crash()
    expect(read).toEqual([undefined, 'x', 'a=x@0'])
    for (const work of [
      (context: ProcessorContext<string, string>) => context.store(seen).put('a', 'x'),
      (context: ProcessorContext<string, string>) => context.forward({ key: 'a', value: 'x' }),
    ]) {
      const made = (): unknown => drive(processed((context) => (work(context), { process: () => undefined }), seen))
      expect(errorOf(made)).toMatchObject({ code: 'emitted_outside_turn', operator: 'own' })
    }
  })
})

describe('a schedule', () => {
  const ticking: Processor<string, string> = (context) => {
    const store = context.store(seen)
    context.schedule(10, 'streamTime', (now) => {
      for (const { key, value } of store.range()) context.forward({ key, value: `${value}@${now}` })
    })
    return { process: ({ key, value }) => store.put(key, value) }
  }

  test('emits with its time and without headers', () => {
    const driver = drive(processed(ticking, seen))
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 12, headers: [{ key: 'h', value: '1' }] })
    const [record] = driver.outputTopic(output).readRecords()
    expect(record).toMatchObject({ key: 'a', value: 'x@12', timestamp: 12, headers: [] })
  })

  test('of the factory keeps its due time over a crash; one of a turn is gone', () => {
    const driver = drive(
      processed((context) => {
        let isAsked = false
        context.schedule(10, 'streamTime', () => context.forward({ key: 'made', value: 'x' }))
        return {
          process() {
            if (isAsked) return
            isAsked = true
            context.schedule(10, 'streamTime', () => context.forward({ key: 'asked', value: 'x' }))
          },
        }
      }),
    )
    pipe(driver, 'a', 'x', 12)
    expect(written(driver)).toEqual(['made=x@12', 'asked=x@12'])
    driver.crash()
    pipe(driver, 'a', 'x', 19)
    // Only what this instance has asked for, as if for the first time.
    expect(written(driver).slice(2)).toEqual(['asked=x@19'])
    pipe(driver, 'a', 'x', 20)
    expect(written(driver).slice(3)).toEqual(['made=x@20', 'asked=x@20'])
  })

  test('that was cancelled stays so after a crash', () => {
    const driver = drive(
      processed((context) => {
        const once = context.schedule(10, 'streamTime', () => {
          once.cancel()
          context.forward({ key: 'p', value: 'x' })
        })
        return { process: () => undefined }
      }),
    )
    pipe(driver, 'a', 'x', 1)
    driver.crash()
    pipe(driver, 'a', 'x', 100)
    expect(written(driver)).toEqual(['p=x@1'])
  })

  test('of processValues has no key to forward under', () => {
    const driver = drive((builder) =>
      builder.stream(input).processValues((context) => {
        context.schedule(10, 'streamTime', () => context.forward({ value: 'x' }))
        return { process: () => undefined }
      }),
    )
    expect(errorOf(() => pipe(driver, 'a', 'x', 10))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('in a punctuation, where no record has the key; use process') as string,
    })
  })

  test.each([
    [0, 'streamTime', () => undefined, {}],
    [1.5, 'streamTime', () => undefined, {}],
    [10, 'eventTime', () => undefined, {}],
    [10, 'wallClock', 'now', {}],
    [10, 'wallClock', () => undefined, { startMs: -1 }],
    [10, 'wallClock', () => undefined, { from: 1 }],
  ])('of %s, %s, %s, %s is refused when the processor is made', (...args) => {
    const made = (): unknown =>
      drive(processed((context) => (call(context, 'schedule', ...args), { process: () => undefined })))
    expect(errorOf(made).code).toBe('bad_option')
  })
})

describe('a processor', () => {
  test('is made for each partition, and again after a crash', () => {
    const partitions: number[] = []
    const wide = topic('wide', { key: string(), value: string(), partitions: 3 })
    const driver = drive((builder) =>
      builder.stream(wide).process((context) => {
        partitions.push(context.partition)
        return { process: () => undefined }
      }),
    )
    driver.crash()
    expect(partitions).toEqual([0, 1, 2, 0, 1, 2])
  })

  test('that makes nothing with a process function, or throws, does not start', () => {
    for (const answer of [undefined, 1, {}, { process: 1 }, { process: () => undefined, close: 1 }]) {
      const made = (): unknown => drive((builder) => call(builder.stream(input), 'process', () => answer))
      expect(errorOf(made)).toMatchObject({ code: 'topology_invalid', operator: 'input.process' })
    }
    const throwing = processed(() => {
      throw new Error('no connection')
    })
    expect(errorOf(() => drive(throwing))).toMatchObject({ code: 'user_function_threw', operator: 'own' })
    const promising: Script = (builder) => call(builder.stream(input), 'process', async () => ({ process: () => 1 }))
    expect(errorOf(() => drive(promising))).toMatchObject({ code: 'bad_record', operator: 'input.process' })
  })

  test('keeps what it is: process is called as a method', () => {
    class Counting {
      readonly #context: ProcessorContext<string, string>
      #count = 0

      constructor(context: ProcessorContext<string, string>) {
        this.#context = context
      }

      process({ key }: { readonly key: string }): void {
        this.#context.forward({ key, value: String(++this.#count) })
      }
    }
    const driver = drive(processed((context) => new Counting(context)))
    pipe(driver, 'a', 'x', 0)
    pipe(driver, 'a', 'x', 1)
    expect(written(driver)).toEqual(['a=1@0', 'a=2@1'])
  })

  test('is closed when the driver closes, and not by a crash', () => {
    let closed = 0
    const driver = drive(processed(() => ({ process: () => undefined, close: () => void closed++ })))
    driver.crash()
    expect(closed).toBe(0)
    driver.close()
    expect(closed).toBe(1)
  })
})
