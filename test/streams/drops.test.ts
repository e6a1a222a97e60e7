// What an operator drops is told with its reason and its record: late streams and dead letters go by both.
import { nullable, string } from 'millrace'
import { expect, test } from 'vitest'
import { TimeWindows } from '../../src/core/windows/time-windows.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone } from '../support/operator-double.ts'
import { countIn, countStore } from '../support/plans.ts'

const carrier = (key: string | null, value: string | null, timestamp = 0): ReturnType<typeof carrierOf> => {
  const made = carrierOf<unknown, unknown>(nullable(string()) as never, key, nullable(string()) as never, value)
  made.timestamp = timestamp
  return made
}

test.each([
  ['without windows', undefined],
  ['with windows', TimeWindows.of({ size: 10 })],
])('a count %s drops what has no key or no value', (_, windows) => {
  const count = alone(countIn(countStore('counts', windows), windows))
  const keyless = carrier(null, 'x')
  const empty = carrier('a', null)
  for (const one of [keyless, empty, carrier('a', 'x')]) count.feed(one)
  expect(count.dropped).toEqual([
    { reason: 'null_key', carrier: keyless },
    { reason: 'null_value', carrier: empty },
  ])
  expect(count.caught.map(({ value }) => value)).toEqual([1])
})

test('a windowed count counts a late record once for each window that is closed, and drops it if none takes it', () => {
  const hopping = TimeWindows.of({ size: 20, advance: 10 })
  const count = alone(countIn(countStore('counts', hopping), hopping))
  const late = carrier('a', 'x', 15)
  count.feed(carrier('a', 'x', 20))
  count.feed(late)
  expect(count.dropped).toEqual([{ reason: 'late', carrier: undefined }])
  count.feed(carrier('a', 'x', 60))
  count.feed(late)
  expect(count.dropped.slice(1)).toEqual([
    { reason: 'late', carrier: undefined },
    { reason: 'late', carrier: late },
  ])
  expect(count.ports).toEqual({ late: [late] })
})
