// maxTaskIdleMs: how long an empty partition is waited for while others have records.
import { ManualClock, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, turns, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { output, topologyOf } from '../support/topology.ts'

const left = topic('left', { key: string(), value: string() })
const right = topic('right', { key: string(), value: string() })
const both = topologyOf((builder) => builder.stream([left, right]).to(output))

async function open(maxTaskIdleMs: number) {
  const { log } = openTestLog()
  const clock = new ManualClock(1_000)
  const app = await start(log, both, { clock, maxTaskIdleMs, commit: { everyMs: 1_000_000 } })
  const producer = log.producer()
  const send = (to: typeof left, value: string, timestamp: number) => producer.send(to, { key: 'a', value, timestamp })
  const written = async () => (await collect(log.read(output))).map(({ value }) => value)
  return { app, clock, send, written }
}

describe('an empty partition', () => {
  test('is not waited for by default: what is there goes on', async () => {
    const { app, send, written } = await open(0)
    await send(right, 'right at 5', 5)
    await app.caughtUp()
    await send(left, 'left at 1', 1)
    await app.caughtUp()
    expect(await written()).toEqual(['right at 5', 'left at 1'])
  })

  test('is waited for so long, and then no longer', async () => {
    const { app, clock, send, written } = await open(100)
    await send(right, 'right at 5', 5)
    const waiting = app.caughtUp()
    clock.advance(50)
    await turns(20)
    clock.advance(49)
    await turns(20)
    expect(await written()).toEqual([])
    expect(app.metrics().lag).toBe(1)
    clock.advance(1)
    await waiting
    expect(await written()).toEqual(['right at 5'])
  })

  test('that gets a record in time is taken in order', async () => {
    const { app, clock, send, written } = await open(100)
    await send(right, 'right at 5', 5)
    await turns(20)
    clock.advance(60)
    await turns(20)
    await send(left, 'left at 1', 1)
    const waiting = app.caughtUp()
    await until(() => app.metrics().lag === 1)
    await turns(20)
    clock.advance(99) // the left one is empty again, and is waited for again
    await turns(20)
    expect(app.metrics().lag).toBe(1)
    clock.advance(1)
    await waiting
    expect(await written()).toEqual(['left at 1', 'right at 5'])
  })

  test('does not keep an application from closing', async () => {
    const { app, send, written } = await open(100)
    await send(right, 'right at 5', 5)
    await turns(10)
    await app.close()
    expect(await written()).toEqual([])
  })
})
