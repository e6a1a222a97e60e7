// A join of two streams gives every pair that is not late, once, and every unmatched row once its window has closed; whatever
// the window, the order of arrival, the commits and the crashes.
import fc from 'fast-check'
import { type Failure, JoinWindows, json, type KStream, nullable, string, type Topic, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { type JoinInput, joinModel, type JoinShape } from '../support/join-model.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, type Script, topologyOf } from '../support/topology.ts'

type Text = string | null
const sideTopic = (name: string): Topic<Text, Text> =>
  topic(name, { key: nullable(string()), value: nullable(string()), partitions: 1 })
const [left, right, out] = [sideTopic('left'), sideTopic('right'), sideTopic('out')]
const [lateLeft, lateRight] = [sideTopic('late-left'), sideTopic('late-right')]

const pair = (one: Text, other: Text): string => `${one}+${other}`

/** A join of the two topics, with its late records. */
const joined =
  ({ verb, before, after, grace }: JoinShape): Script =>
  (builder) => {
    const [ofLeft, ofRight] = [builder.stream(left), builder.stream(right)]
    const options = {
      window: JoinWindows.of({ before, after, grace }),
      late: { left: lateLeft, right: lateRight },
      name: 'pairs',
    }
    const pairs: KStream<Text, string> =
      verb === 'join'
        ? ofLeft.join(ofRight, pair, options)
        : verb === 'leftJoin'
          ? ofLeft.leftJoin(ofRight, pair, options)
          : ofLeft.outerJoin(ofRight, pair, options)
    pairs.to(out)
  }

function pipe(driver: TopologyTestDriver, { side, key, value, timestamp }: JoinInput): void {
  driver.inputTopic(side === 'left' ? left : right).pipeInput({ key, value, timestamp })
}

const readAll = (driver: TopologyTestDriver, from = out): string[] => briefly(driver.outputTopic(from).readRecords())

const shapes: fc.Arbitrary<JoinShape> = fc
  .record({
    verb: fc.constantFrom('join' as const, 'leftJoin' as const, 'outerJoin' as const),
    before: fc.integer({ min: -4, max: 12 }),
    after: fc.integer({ min: -4, max: 12 }),
    grace: fc.constantFrom(0, 0, 3, 30),
  })
  .filter(({ before, after }) => before + after >= 0)

const records: fc.Arbitrary<JoinInput[]> = fc.array(
  fc.record({
    side: fc.constantFrom('left' as const, 'right' as const),
    key: fc.option(fc.constantFrom('a', 'b', 'a\0'), { freq: 9 }),
    value: fc.option(fc.constantFrom('x', 'y', 'z'), { freq: 9 }),
    timestamp: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 60 }) }, fc.nat({ max: 100_000 })),
  }),
  { maxLength: 40, size: 'max' },
)

const distinct = (inputs: readonly JoinInput[]): JoinInput[] =>
  inputs.map((one, index) => ({ ...one, value: one.value === null ? null : `${one.value}${index}` }))

describe('a join of two streams', () => {
  test('gives what its definition says, wherever commits and crashes fall', () => {
    fc.assert(
      fc.property(
        shapes,
        records,
        fc.array(fc.nat({ max: 9 }), { maxLength: 40, size: 'max' }),
        (shape, drawn, after) => {
          const inputs = distinct(drawn)
          const model = joinModel(inputs, shape)
          using driver = new TopologyTestDriver(topologyOf(joined(shape)), { commit: 'manual' })
          for (const [index, input] of inputs.entries()) {
            pipe(driver, input)
            // What was not committed would be read again by time, not in this order.
            if (after[index] === 1 || after[index] === 2) driver.commit()
            if (after[index] === 2) driver.crash()
          }
          driver.commit()
          expect(readAll(driver)).toEqual(model.out)
          for (const [side, port] of [
            ['left', lateLeft],
            ['right', lateRight],
          ] as const) {
            const late = model.late.filter((one) => one.side === side)
            expect(readAll(driver, port)).toEqual(
              late.map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`),
            )
          }
        },
      ),
      { numRuns: 20, endOnFailure: true },
    )
  })

  test('knows more than a thousand rows that fall due at once, each once, also after a crash before their commit', () => {
    const shape: JoinShape = { verb: 'outerJoin', before: 5, after: 5, grace: 0 }
    const inputs = Array.from({ length: 1_010 }, (_, index): JoinInput => {
      return { side: index % 3 === 0 ? 'right' : 'left', key: `k${index}`, value: 'v', timestamp: index % 5 }
    })
    const driver = drive(joined(shape), { commit: 'manual' })
    for (const input of inputs) pipe(driver, input)
    driver.commit()
    const last: JoinInput = { side: 'left', key: 'last', value: 'v', timestamp: 1_000_000 }
    pipe(driver, last)
    driver.crash()
    driver.commit()
    const alone = joinModel([...inputs, last], shape).out
    expect(alone).toHaveLength(1_010)
    expect(readAll(driver)).toEqual(alone)
  })
})

describe('an unmatched row that fails', () => {
  const failing: Script = (builder) => {
    builder
      .stream(left)
      .leftJoin(
        builder.stream(right),
        (one, other) => {
          if (one === 'bad' && other === null) throw new Error('not this one')
          return pair(one, other)
        },
        { window: JoinWindows.of({ difference: 5 }), name: 'pairs' },
      )
      .mapValues(({ value }) => {
        if (value === 'worse+null') throw new Error('not this one')
        return value
      })
      .to(out)
  }

  test.each(['bad', 'worse'])('costs neither the record that closed its window nor another row: %s', (value) => {
    const failures: Failure[] = []
    const driver = drive(failing, {
      onError: (failure) => {
        failures.push(failure)
        return 'skip'
      },
    })
    pipe(driver, { side: 'left', key: 'a', value: 'first', timestamp: 1 })
    pipe(driver, { side: 'left', key: 'b', value, timestamp: 2 })
    pipe(driver, { side: 'left', key: 'c', value: 'third', timestamp: 3 })
    pipe(driver, { side: 'right', key: 'd', value: 'r', timestamp: 100 })
    pipe(driver, { side: 'left', key: 'd', value: 'l', timestamp: 101 })
    expect(readAll(driver)).toEqual(['a=first+null@1', 'c=third+null@3', 'd=l+r@101'])
    expect(failures).toMatchObject([{ kind: 'release' }])
  })
})

describe('a stream that is joined with itself', () => {
  test('meets itself and every earlier record, by each of its sides, and is regrouped once', () => {
    const driver = drive((builder) => {
      const moved = builder.stream(left).selectKey(({ value }) => value?.slice(0, 1) ?? null)
      moved.join(moved, pair, { window: JoinWindows.of({ difference: 5 }), key: string() }).to(out)
    })
    pipe(driver, { side: 'left', key: 'q', value: 'a1', timestamp: 1 })
    pipe(driver, { side: 'left', key: 'r', value: 'a2', timestamp: 3 })
    expect(readAll(driver)).toEqual(['a=a1+a1@1', 'a=a2+a1@3', 'a=a1+a2@3', 'a=a2+a2@3'])
  })
})

describe('what cannot be joined', () => {
  const window = JoinWindows.of({ difference: 1 })

  test('keys of different formats', () => {
    const inJson = topic('in-json', { key: json<string>(), value: string() })
    const error = errorOf(() =>
      topologyOf((builder) => {
        const texts = builder.stream(left).filter((record) => record.key !== null)
        texts.join(builder.stream(inJson), pair, { window })
      }),
    )
    expect(error).toMatchObject({ code: 'topology_invalid', message: expect.stringContaining('different formats') })
  })

  test.each([
    ['a table', (stream: KStream<Text, Text>) => stream.groupByKey().count()],
    ['nothing', () => undefined],
  ])('%s', (_, otherOf) => {
    const error = errorOf(() =>
      topologyOf((builder) => {
        const stream = builder.stream(left)
        stream.join(otherOf(stream) as never, pair, { window })
      }),
    )
    expect(error).toMatchObject({ code: 'bad_option' })
  })

  test('a stream of another builder', () => {
    let other: KStream<Text, Text> | undefined
    topologyOf((builder) => (other = builder.stream(right)))
    const error = errorOf(() => topologyOf((builder) => builder.stream(left).join(other as never, pair, { window })))
    expect(error).toMatchObject({ code: 'topology_invalid' })
  })

  test('without a window', () => {
    const error = errorOf(() =>
      topologyOf((builder) => builder.stream(left).join(builder.stream(right), pair, {} as never)),
    )
    expect(error).toMatchObject({ code: 'bad_option', message: expect.stringContaining('JoinWindows.of') })
  })
})
