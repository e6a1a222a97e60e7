// When calls time out: each at its own time, with one timer for all of them.
import { type Clock, ManualClock } from 'millrace'
import { expect, test } from 'vitest'
import { Deadlines } from '../../src/runtime/deadlines.ts'

/** A clock that knows how many of its timers may still fire. */
class CountingClock extends ManualClock {
  timers = 0
  most = 0

  override schedule(...[delayMs, callback]: Parameters<Clock['schedule']>): () => void {
    this.timers++
    this.most = Math.max(this.most, this.timers)
    let isOpen = true
    const end = (): void => {
      if (isOpen) this.timers--
      isOpen = false
    }
    const cancel = super.schedule(delayMs, () => {
      end()
      callback()
    })
    return () => {
      end()
      cancel()
    }
  }
}

function begun() {
  const clock = new CountingClock()
  const deadlines = new Deadlines(clock, 100)
  const late: string[] = []
  const begin = (name: string) => deadlines.add({ dueMs: 0, timeOut: () => late.push(`${name} at ${clock.elapsed()}`) })
  return { clock, deadlines, late, begin }
}

test('each is late after the same time, whatever began or ended meanwhile', () => {
  const { clock, deadlines, late, begin } = begun()
  const a = begin('a')
  begin('b')
  clock.advance(30)
  const c = begin('c')
  begin('d')
  clock.advance(30)
  begin('e')
  deadlines.delete(a)
  deadlines.delete(c)
  clock.advance(1_000)
  expect(late).toEqual(['b at 100', 'd at 130', 'e at 160'])
})

test('one timer serves them all, and none is left for what has ended', () => {
  const { clock, deadlines, late, begin } = begun()
  const links = Array.from({ length: 20 }, (_, at) => {
    clock.advance(3)
    return begin(`${at}`)
  })
  expect([clock.timers, clock.most]).toEqual([1, 1])
  for (const link of links.slice(5)) deadlines.delete(link)
  expect(clock.timers).toBe(1)
  for (const link of links.slice(0, 5)) deadlines.delete(link)
  expect([clock.timers, late]).toEqual([0, []])
  begin('after')
  clock.advance(100)
  expect([clock.timers, late]).toEqual([0, ['after at 160']])
})

test('what begins again at once when it is late is late again after the whole time', () => {
  const { clock, deadlines, late, begin } = begun()
  deadlines.add({ dueMs: 0, timeOut: () => begin('again') })
  begin('other')
  clock.advance(250)
  expect(late).toEqual(['other at 100', 'again at 200'])
  expect(clock.timers).toBe(0)
})
