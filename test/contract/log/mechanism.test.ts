// The suite can say no: to a promise that is not kept, to an exception that is none, and to a list of exceptions with wrong names.
import { expect, test } from 'vitest'
import { embedded } from './embedded.ts'
import { hold, type Implementation, type Promises, wrongExceptions } from './implementation.ts'

const promises: Promises = {
  'topics: there are none': async ({ log }) => expect(await log.admin.listTopics()).toEqual([]),
  'topics: there is one': async ({ log }) => expect(await log.admin.listTopics()).toHaveLength(1),
  'time: passes': async ({ clock }) => clock.advance(1),
}
const [kept, broken, timed] = Object.keys(promises) as [string, string, string]

const madeUp = (exceptions: Readonly<Record<string, string>> = {}): Implementation => ({
  name: 'made up',
  start: async () => Object.assign(await embedded.start(), { clock: undefined }),
  exceptions,
})

test('a promise that is kept passes, one that is not fails', async () => {
  await hold(promises, kept, madeUp())
  await expect(hold(promises, broken, madeUp())).rejects.toThrow('to have a length of 1')
})

test('a promise that needs a clock fails on a cluster without one, which excepts it', async () => {
  await expect(hold(promises, timed, madeUp())).rejects.toThrow('time can be moved')
  await hold(promises, timed, madeUp({ [timed]: 'nobody moves its time' }))
})

test('an exception passes while the promise is not kept, and fails when it is', async () => {
  await hold(promises, broken, madeUp({ [broken]: 'it is made up' }))
  await expect(hold(promises, kept, madeUp({ [kept]: 'it is made up' }))).rejects.toThrow('take it off')
})

test('a cluster that does not start keeps no promise, and breaks none', async () => {
  const start = (): Promise<never> => Promise.reject(new Error('there is no broker'))
  await expect(hold(promises, broken, { ...madeUp({ [broken]: 'it is made up' }), start })).rejects.toThrow('no broker')
})

test('an exception that names no promise, or says no reason, is found', () => {
  expect(wrongExceptions(promises, madeUp({ [kept]: 'it is made up' }))).toEqual([])
  const wrong = { [kept]: ' ', 'topics: there are noen': 'mistyped', toString: 'inherited' }
  expect(wrongExceptions(promises, madeUp(wrong))).toEqual(Object.keys(wrong))
})
