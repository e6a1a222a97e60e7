// The operator of a join of two streams without an engine: a turn that fails leaves no row, no number and no time behind, and
// rows that are due come out of the turn that closes them.
import { nullable, string } from 'millrace'
import { expect, test } from 'vitest'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import { segmentLayout } from '../../src/plan/store-layout.ts'
import type { JoinSide } from '../../src/streams/join-side.ts'
import { joiningStreams } from '../../src/streams/stream-join-operator.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone } from '../support/operator-double.ts'

const text = codecOf(nullable(string())) as Codec<unknown>

const side = (name: 'left' | 'right'): JoinSide => ({
  name,
  buffer: {
    kind: 'buffer',
    name,
    keyCodec: text,
    valueCodec: text,
    layout: segmentLayout(21, { isNumbered: true, hasDueTimes: true }),
    form: undefined,
    facts: {},
  },
  beforeMs: 10,
  afterMs: 10,
  comesAlone: true,
})

test('a turn that fails leaves nothing, and what its record closed comes with the next that closes it', () => {
  let fails = false
  const join = alone(
    joiningStreams(side('left'), side('right'), 0, (left, right) => `${String(left)}+${String(right)}`),
    {
      inputs: 2,
      after: ({ value }) => {
        if (fails && value === 'a+b') throw new Error('not this one')
      },
    },
  )
  const feed = (input: number, key: string | null, value: string, timestamp: number): void => {
    const carrier = carrierOf(nullable(string()), key, nullable(string()), value)
    carrier.timestamp = timestamp
    join.feed(carrier as never, input)
  }
  const values = (): unknown[] => join.caught.splice(0).map(({ value, timestamp }) => `${String(value)}@${timestamp}`)
  feed(0, 'k', 'a', 100)
  feed(0, 'other', 'x', 100)
  fails = true
  expect(() => feed(1, 'k', 'b', 105)).toThrow('not this one')
  fails = false
  values()
  feed(1, 'k', 'c', 104)
  expect(values()).toEqual(['a+c@104'])
  feed(1, null, 'n', 111)
  expect(values()).toEqual(['x+null@100', 'null+n@111'])
  feed(1, 'k', 'd', 100)
  expect(join.dropped).toMatchObject([{ reason: 'late' }])
  join.due()
  expect(values()).toEqual([])
})
