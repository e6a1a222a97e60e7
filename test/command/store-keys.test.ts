// Every key that a store shows can be typed, whatever its serde: as a line, and as JSON.
import fc from 'fast-check'
import {
  bigint64,
  boolean,
  bytes,
  CalendarWindows,
  float64,
  int64,
  json,
  keyValueStore,
  ManualClock,
  minutes,
  msgpack,
  nullable,
  openLog,
  type Serde,
  sessionWindowed,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  tuple,
  windowed,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { escaped } from '../../src/core/escaped.ts'
import { codecNamed } from '../../src/core/named-serde.ts'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import { StoreKeys } from '../../src/inspect/store-keys.ts'
import { commandTimeMs, type Ran, runInProcess } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const odd = [
  '',
  ' ',
  '"',
  '"a"',
  'null',
  '42',
  '-0',
  'NaN',
  '[1]',
  '{"hex":"ff"}',
  'a\tb',
  'a\\tb',
  '\u{0}',
  '\u{e0041}',
]
const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...odd))
const integers = fc.maxSafeInteger()
const bigints = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const doubles = fc.double()
const someBytes = fc.oneof(
  fc.uint8Array(),
  texts.map((text) => Buffer.from(text)),
)
const fields = fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => name !== '__proto__')
const plainData = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    texts,
    doubles.filter(Number.isFinite),
    fc.boolean(),
    tie('list'),
    tie('map'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  map: fc.dictionary(fields, tie('value'), { maxKeys: 3 }),
})).value
const richData = fc.oneof(plainData, doubles, bigints, fc.date({ noInvalidDate: true, min: new Date(0) }), someBytes)
const windows = TimeWindows.of({ size: minutes(5), advance: minutes(1) })
const starts = fc.nat(1_000_000).map((minute) => minute * minutes(1))
const session = fc.tuple(fc.nat(1e9), fc.nat(1e9)).map(([start, length]) => ({ start, end: start + length }))

const partsOrNull = fc.tuple(fc.option(someBytes), fc.option(doubles), plainData)

/** A serde as the command knows it, by its name, and keys that it can write. */
type Kind = readonly [codec: Codec<unknown>, keys: fc.Arbitrary<unknown>]

const kind = <K>(serde: Serde<K>, keys: fc.Arbitrary<K>): Kind => [knownCodec(serde), keys]

function knownCodec<K>(serde: Serde<K>): Codec<unknown> {
  const { name } = codecOf(serde)
  const codec = codecNamed(name)
  if (codec === undefined) throw new Error(`${name} is not known by its name`)
  return codec
}

const kinds: Readonly<Record<string, Kind>> = {
  text: kind(string(), texts),
  int64: kind(int64(), integers),
  bigint64: kind(bigint64(), bigints),
  float64: kind(float64(), doubles),
  boolean: kind(boolean(), fc.boolean()),
  bytes: kind(bytes(), someBytes),
  JSON: kind(json(), plainData),
  MessagePack: kind(msgpack(), richData),
  'what may be null': kind(nullable(bigint64()), bigints),
  'a tuple': kind(tuple(string(), bigint64(), float64()), fc.tuple(texts, bigints, doubles)),
  'a tuple of what may be null': kind(tuple(nullable(bytes()), nullable(float64()), json()), partsOrNull),
  'a tuple of tuples': kind(
    tuple(tuple(bigint64(), bytes()), msgpack()),
    fc.tuple(fc.tuple(bigints, someBytes), richData),
  ),
  windows: kind(
    windowed(tuple(bigint64(), float64()), windows),
    fc.record({
      key: fc.tuple(bigints, doubles),
      window: starts.map((start) => ({ start, end: start + minutes(5) })),
    }),
  ),
  sessions: kind(sessionWindowed(bytes()), fc.record({ key: someBytes, window: session })),
}

test.each(Object.entries(kinds))('a key of %s means itself, as it is shown', (_, [codec, keys]) => {
  const store = new StoreKeys(codec)
  fc.assert(
    fc.property(keys, (given) => {
      const stored = codec.encode(given)
      const key = codec.read(Buffer.from(stored), 0, stored.length)
      const text = store.text(key)
      expect(text).toBe(escaped(text))
      for (const typed of [text, JSON.stringify(store.json(key))]) {
        expect(Buffer.from(codec.encode(store.typed(typed))).toString('hex')).toBe(Buffer.from(stored).toString('hex'))
      }
    }),
    { numRuns: 100 },
  )
})

describe('keys are shown as they are read best', () => {
  test.each<[Codec<unknown>, unknown, string, unknown]>([
    [knownCodec(string()), '/cart', '/cart', '/cart'],
    [knownCodec(string()), 'a\tb', '"a\\tb"', 'a\tb'],
    [knownCodec(string()), '"', '"', '"'],
    [knownCodec(bigint64()), 2n ** 60n, '1152921504606846976', '1152921504606846976'],
    [knownCodec(float64()), Number.NaN, 'NaN', 'NaN'],
    [knownCodec(float64()), -0, '-0', '-0'],
    [knownCodec(bytes()), Buffer.from('ff00', 'hex'), '{"hex":"ff00"}', { hex: 'ff00' }],
    [knownCodec(json()), 'abc', '"abc"', 'abc'],
    [knownCodec(json()), { hex: 'ff' }, '{"hex":"7b22686578223a226666227d"}', { hex: '7b22686578223a226666227d' }],
    [knownCodec(tuple(string(), bigint64())), ['eu', 7n], '["eu","7"]', ['eu', '7']],
  ])('%o %o', (codec, key, text, asJson) => {
    const store = new StoreKeys(codec)
    expect([store.text(key), store.json(key)]).toEqual([text, asJson])
  })

  test('a number in a tuple may be typed as a number, where JSON holds it exactly', () => {
    const store = new StoreKeys(knownCodec(tuple(string(), bigint64())))
    expect(store.typed('["eu",7]')).toEqual(['eu', 7n])
    expect(store.typedPrefix('["eu"]')).toEqual(['eu'])
    expect(() => store.typed('["eu",9007199254740993]')).toThrow('write it in quotes')
    expect(new StoreKeys(knownCodec(bigint64())).typed('9007199254740993')).toBe(9_007_199_254_740_993n)
  })
})

test('what store dump prints, store get and store range find', async () => {
  const dir = temporaryDirectory()
  const key = tuple(string(), bigint64(), float64())
  const ticks = topic('ticks', { key, value: int64() })
  const days = CalendarWindows.of({ unit: 'day', timeZone: 'Europe/Berlin' })
  await using log = await openLog(dir, { clock: new ManualClock(commandTimeMs), maintenance: false })
  const keys = odd
    .slice(-5)
    .map((text, at) => [text, 2n ** 60n + BigInt(at), [Number.NaN, -0, 0][at % 3] ?? 0] as const)
  await log.producer().sendMany(
    ticks,
    keys.map((one, value) => ({ key: one, value, timestamp: commandTimeMs })),
  )
  const builder = new StreamsBuilder()
  const stream = builder.stream(ticks)
  stream.toTable({ name: 'newest', store: keyValueStore('newest', { key, value: int64() }) })
  stream
    .groupByKey()
    .windowedBy(days)
    .count({ store: windowStore('daily', { key, value: int64() }) })
  await using app = await startStreams(builder.build(), { log, applicationId: 'ticks' })
  await app.caughtUp()
  const store = (...argv: string[]): Promise<Ran> => runInProcess(['store', ...argv, '--dir', dir])
  for (const name of ['newest', 'daily']) {
    const lines = (await store('dump', 'ticks', name)).stdout.trimEnd().split('\n')
    const rows = (await store('dump', 'ticks', name, '--json')).stdout.trimEnd().split('\n')
    expect([lines.length, rows.length]).toEqual([keys.length, keys.length])
    for (const [at, row] of rows.entries()) {
      const shown = (JSON.parse(row) as { readonly key: unknown }).key
      const typed = [lines[at]?.split('\t', 1)[0] as string, JSON.stringify(shown)]
      for (const text of typed) {
        expect(await store('get', 'ticks', name, text, '--json')).toEqual({ code: 0, stdout: `${row}\n`, stderr: '' })
      }
      if (name !== 'newest') continue
      const range = await store('range', 'ticks', name, '--from-key', typed[0] as string, '-n', '1', '--json')
      expect(range.stdout).toBe(`${row}\n`)
    }
  }
})
