// An option that is undefined is one that is not given: whoever has an optional value passes it on as it is.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { optional, places } from './places.ts'
import { openWorld, type World } from './world.ts'

let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

test.each([...optional])('%s may be undefined', async (name) => {
  expect(places).toHaveProperty([name])
  await expect((async () => void (await places[name]?.(world, undefined)))()).resolves.toBeUndefined()
})
