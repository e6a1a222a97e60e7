// What was added to a count lately, beside what was there all along: told by whoever looks at it again and again.
import fc from 'fast-check'
import { string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { Additions } from '../../src/dashboard/history.ts'
import type { PartName, Trouble, VersionView } from '../../src/dashboard/views.ts'
import { Watch } from '../../src/dashboard/watch.ts'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const windowMs = 15 * 60_000
const slotMs = 10_000

test('what was there at the first look is not new, and what is first seen later is, if it cannot have been there', () => {
  const additions = new Additions()
  expect(additions.of('old', 7, 0, true)).toEqual({ count: 0, agoMs: 0 })
  additions.looked(0)
  expect(additions.of('old', 9, 1_000, true)).toEqual({ count: 2, agoMs: 0 })
  expect(additions.of('began', 3, 1_000, true)).toEqual({ count: 3, agoMs: 0 })
  expect(additions.of('a copy', 3, 1_000, false)).toEqual({ count: 0, agoMs: 0 })
  expect(additions.of('began', 3, 61_000, true)).toEqual({ count: 3, agoMs: 60_000 })
})

test('a count that has fallen has begun anew: all of it is new', () => {
  const additions = new Additions()
  additions.of('a', 7, 0, true)
  expect(additions.of('a', 2, 1_000, true)).toEqual({ count: 2, agoMs: 0 })
})

test('whatever the looks, what is counted was added in the last 15 minutes, and nothing of these is left out', () => {
  const looks = fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 400_000 }), added: fc.nat(3) }), {
    minLength: 1,
    maxLength: 80,
  })
  fc.assert(
    fc.property(fc.nat(), looks, (first, drawn) => {
      const additions = new Additions()
      let [atMs, count] = [0, first]
      additions.of('a', count, atMs, true)
      const rises: { readonly atMs: number; readonly added: number }[] = []
      for (const { afterMs, added } of drawn) {
        atMs += afterMs
        count += added
        if (added > 0) rises.push({ atMs, added })
        const seen = additions.of('a', count, atMs, true)
        const sum = (sinceMs: number): number =>
          rises.filter((one) => one.atMs > sinceMs).reduce((all, one) => all + one.added, 0)
        // Those of one stretch of ten seconds are forgotten together.
        expect(seen.count).toBeGreaterThanOrEqual(sum(atMs - windowMs))
        expect(seen.count).toBeLessThanOrEqual(sum(atMs - windowMs - slotMs))
        if (seen.count > 0) expect(seen.agoMs).toBe(atMs - (rises.at(-1)?.atMs ?? 0))
      }
    }),
  )
})

test('records that fail while the log is watched are warned of for 15 minutes; what failed before the first look is not', async () => {
  const clock = new ManualClock(1_000_000)
  const { log } = openTestLog(undefined, { clock })
  const failing = topologyOf((builder) =>
    builder
      .stream(words)
      .mapValues(({ value }) => {
        if (value === 'bad') throw new Error('no')
        return value
      })
      .to(topic('heard', { key: string(), value: string() })),
  )
  const app = await start(log, failing, { onError: 'skip' })
  const send = async (): Promise<void> => {
    await log.producer().send(words, { key: 'a', value: 'bad', timestamp: 0 })
    await app.caughtUp()
  }
  const watch = new Watch(log, clock)
  const look = async () => {
    await watch.sample()
    const of = <T>(name: PartName): T => JSON.parse(watch.now.parts.get(name) ?? 'null') as T
    const { failed, failedLately } = of<VersionView>('application/app/v1')
    return [failed, failedLately, of<readonly Trouble[]>('troubles').map(({ what }) => what)]
  }
  await send()
  expect(await look()).toEqual([1, 0, []])
  await send()
  clock.advance(1_000)
  expect(await look()).toEqual([
    2,
    1,
    ['app passed over 1 record that failed in the last 15 minutes, the last one just now.'],
  ])
  clock.advance(windowMs - 1_000)
  expect((await look()).slice(0, 2)).toEqual([2, 1])
  clock.advance(1_000)
  expect(await look()).toEqual([2, 0, []])
  await app.close()
})
