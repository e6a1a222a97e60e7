// What a sample reads of each reader, and what becomes of one that reads very many partitions.
import { string, topic } from 'millrace'
import { expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import type { ApplicationView, GroupDetailView, GroupView, VersionView } from '../../src/dashboard/views.ts'
import { Watch } from '../../src/dashboard/watch.ts'
import { start } from '../support/applications.ts'
import { get, openDashboard } from '../support/dashboards.ts'
import { ManyPositions, partitionsOfTopic } from '../support/many-positions.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'

test('a sample reads the positions of each application and each group once', async () => {
  const { log, embedded } = openTestLog()
  const lines = topic('lines', { key: string(), value: string(), partitions: 3 })
  const topology = topologyOf((builder) => builder.stream(lines).filter(() => false))
  for (const applicationId of ['one', 'two']) await start(log, topology, { applicationId })
  await log.admin.resetOffsets('group', { topics: [lines], to: 'earliest' })
  const watch = new Watch(log, new ManualClock(0))
  const reads = vi.spyOn(embedded.positions, 'pages')
  await watch.sample()
  expect(reads.mock.calls.map(([name]) => name).toSorted()).toEqual(['group', 'one', 'two'])
  await watch.close()
})

test('a sample of readers of very many partitions lets the event loop go on, and shows the first of them', async () => {
  const clock = new ManualClock(100_000)
  const many = await ManyPositions.of(2_400, 7, { clock })
  let elapsedMs = 0
  // Each look at the time takes more of it than one slice of work may.
  const watch = new Watch(many.log, {
    now: () => clock.now(),
    elapsed: () => (elapsedMs += 6),
    schedule: () => () => undefined,
  })
  // The largest part is a topic: of each of its partitions the row and the segments are read.
  expect(await many.readsAtOnce(() => watch.sample())).toBeLessThanOrEqual(2 * partitionsOfTopic + 10)
  const part = <T>(name: string): T => JSON.parse(new Map<string, string>(watch.now.parts).get(name) ?? '') as T
  expect(part<VersionView>('application/app/v1')).toMatchObject({ lag: 7, lagMs: 100_000 })
  expect(part<GroupView>('group/app')).toMatchObject({ lag: 7, lagMs: 100_000 })
  const { positions, positionsLeftOut } = part<ApplicationView>('detail/app/v1')
  expect([positions.length, positionsLeftOut]).toEqual([2_000, 401])
  await watch.close()
})

test('a group of very many partitions shows the first of them', async () => {
  const many = await ManyPositions.of(2_100, 7)
  const opened = await openDashboard(many.log)
  const { positions, positionsLeftOut } = await get<GroupDetailView>(opened, '/api/groups/group')
  expect([positions.length, positionsLeftOut, positions[0]?.lag]).toEqual([2_000, 100, 7])
})
