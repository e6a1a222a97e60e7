// What a running instance says of itself reaches the page, as rates over what it counts, and ends with the instance.
import { int64, keyValueStore, type Log, ManualClock, string } from 'millrace'
import { expect, test, vi } from 'vitest'
import type { ApplicationView, FactsView } from '../../src/dashboard/views.ts'
import { Watch } from '../../src/dashboard/watch.ts'
import { start, turns } from '../support/applications.ts'
import { describing } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { input, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) =>
  builder
    .stream(input)
    .filter(({ value }) => value !== 'no', { name: 'wanted' })
    .groupByKey()
    .count({ store: counts, name: 'counted' }),
)

const startMs = 1_000_000

async function send(log: Log, values: readonly string[]): Promise<void> {
  await log.producer().sendMany(
    input,
    values.map((value) => ({ key: 'a', value, timestamp: 1 })),
  )
}

test('records into each operator are a rate from the second time on that the instance says them', async () => {
  const clock = new ManualClock(startMs)
  const { log } = openTestLog(undefined, { clock })
  const app = await start(log, counting, { clock })
  const watch = new Watch(log, clock)
  const seen = async (): Promise<ApplicationView> => {
    await watch.sample()
    return JSON.parse(watch.now.parts.get('detail/app/v1') ?? '') as ApplicationView
  }
  await send(log, ['yes', 'no', 'yes'])
  await app.caughtUp()
  const first = await seen()
  expect(first.figures).toMatchObject({
    operators: { wanted: { count: 3, rate: null }, counted: { count: 2, rate: null } },
    stores: { counts: { cacheMisses: 1 } },
    commit: { maxMs: expect.any(Number) },
  })
  expect(JSON.parse(watch.now.parts.get('facts/app/v1') ?? '') as FactsView).toHaveProperty('counted')
  await send(log, [...Array.from({ length: 10 }, () => 'no'), ...Array.from({ length: 30 }, () => 'yes')])
  await app.caughtUp()
  let second = await seen()
  while (second.figures?.operators['wanted']?.count !== 43) {
    clock.advance(500) // it says them now and then
    await turns(5)
    second = await seen()
  }
  const { figures } = await log.admin.describeApplication('app', { stores: false })
  const elapsedSeconds = ((figures?.atMs ?? 0) - startMs) / 1_000
  expect(second.figures.operators).toMatchObject({
    wanted: { count: 43, rate: 40 / elapsedSeconds },
    counted: { count: 32, rate: 30 / elapsedSeconds },
  })
  await app.close()
  expect((await seen()).figures).toBeNull()
  await watch.close()
})

test('the last figures of an instance that was killed are not shown as those of now', async () => {
  const clock = new ManualClock(startMs)
  const { log } = openTestLog(undefined, { clock })
  const app = await start(log, counting, { clock })
  await send(log, ['yes'])
  await app.caughtUp()
  const running = await log.admin.describeApplication('app', { stores: false })
  expect(running).toMatchObject({ state: 'running', figures: { atMs: expect.any(Number) } })
  const described = vi.spyOn(log.admin, 'describeApplications')
  const watch = new Watch(log, clock)
  const isShown: boolean[] = []
  for (const state of ['running', 'stopped'] as const) {
    described.mockImplementation(describing({ ...running, state }))
    await watch.sample()
    const { figures } = JSON.parse(watch.now.parts.get('detail/app/v1') ?? '') as ApplicationView
    isShown.push(figures !== null)
  }
  expect(isShown).toEqual([true, false])
  await watch.close()
  await app.close()
})
