// Whatever a program hands to a public call, in any place: the outcome is a result, or an error of millrace with a code and
// with nothing in its message that a terminal acts on; never another error, and never a wait without an end.
import fc from 'fast-check'
import { errorMeanings, MillraceError } from '../../src/core/errors.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect } from '../support/collect.ts'
import { hostileValues } from '../support/hostile.ts'
import { lines } from '../support/topics.ts'
import { type Place, places } from './places.ts'
import { openWorld, type World } from './world.ts'

let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** What is wrong with the outcome of a call; undefined when nothing is. */
async function faultOf(place: Place, value: unknown): Promise<string | undefined> {
  try {
    await place(world, value)
    return undefined
  } catch (error) {
    if (!(error instanceof MillraceError)) return `an error without a code: ${String((error as Error).stack)}`
    if (!Object.hasOwn(errorMeanings, error.code)) return `no such code: ${error.code}`
    return /(?!\n)\p{Cc}/u.test(error.message) ? `a control character: ${error.message}` : undefined
  }
}

/** In each place some of the values: all of them in all places would take long, and a run after the other comes to them. */
const valuesPerPlace = 10

test.each(Object.entries(places))('%s takes any value, or refuses it with a code', async (_, place) => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(hostileValues)), async (name) => {
      expect(await faultOf(place, hostileValues[name]?.())).toBeUndefined()
    }),
    { numRuns: valuesPerPlace },
  )
})

test('the log is sound and works on after all of it', async () => {
  expect((await world.log.admin.verify({ deep: true })).problems).toEqual([])
  const { partition, offset } = await world.producer.send(lines, { key: 'a', value: 'after' })
  expect(await collect(world.log.read(lines, { partition, from: offset }))).toMatchObject([{ value: 'after' }])
})
