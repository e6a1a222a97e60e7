// Readers of very many partitions: looking at one never holds up the event loop for long, and misses nothing.
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { inSteps } from '../../../src/log/admin/application-description.ts'
import { unreadOf } from '../../../src/log/admin/application-listing.ts'
import type { ApplicationsLog, KeptVersion } from '../../../src/log/admin/application-log.ts'
import { positionKey } from '../../../src/log/kept/position-row.ts'
import { positionsAtOnce } from '../../../src/log/kept/positions.ts'
import { ManyPositions } from '../../support/many-positions.ts'
import { rejectionOf } from '../../support/thrown.ts'

const looks = {
  'admin.lag': (many: ManyPositions) => many.log.admin.lag('app'),
  'admin.applications': (many: ManyPositions) => many.log.admin.applications(),
  'admin.describeApplication': (many: ManyPositions) => many.log.admin.describeApplication('app', { stores: false }),
  'admin.describeApplications': async (many: ManyPositions) => {
    for await (const _ of many.log.admin.describeApplications());
  },
} as const

describe.each(Object.entries(looks))('%s', (_, look) => {
  test('reads a part of very many positions at a time, and lets the event loop go on', async () => {
    const many = await ManyPositions.of(1_200)
    const most = await many.readsAtOnce(() => look(many))
    expect(most).toBeGreaterThan(positionsAtOnce / 2)
    // The row of each partition is read to find its end, and again to find its next record.
    expect(most).toBeLessThanOrEqual(2 * positionsAtOnce + 10)
  })

  test('reads few positions as of one moment', async () => {
    const many = await ManyPositions.of(positionsAtOnce - 1)
    const refreshes = vi.spyOn(many.embedded, 'refresh')
    let isRound = false
    setImmediate(() => (isRound = true))
    const looking = look(many)
    await Promise.resolve()
    expect([isRound, refreshes.mock.calls.length > 0]).toEqual([false, true])
    await looking
  })

  test('tells of a position that damage hides, if none has moved meanwhile', async () => {
    const many = await ManyPositions.of(1_100)
    many.environment.write((transaction) =>
      transaction.remove('positions', positionKey('app', { topicId: many.topicId, partition: 700 })),
    )
    expect(await rejectionOf(look(many))).toMatchObject({ code: 'damaged' })
  })

  test('takes positions that move meanwhile for no damage', async () => {
    const many = await ManyPositions.of(1_100)
    const looking = look(many)
    many.move(0, 5)
    await expect(looking).resolves.not.toThrow()
  })
})

test('very many positions add up to what there is to read, in the order of their topics', async () => {
  const many = await ManyPositions.of(1_200, 7)
  const lags = await many.log.admin.lag('app')
  expect(lags).toHaveLength(1_201)
  const names = lags.map(({ topic, partition }) => `${topic} ${String(partition).padStart(4, '0')}`)
  expect(names).toEqual(names.toSorted())
  const left = lags.reduce((total, { records }) => total + records, 0)
  expect(left).toBe(7)
  const [listed] = await many.log.admin.applications()
  const described = await many.log.admin.describeApplication('app')
  expect([listed?.lag, described.lag, described.positions.length]).toEqual([7, 7, 1_201])
})

test('there may be more positions than a function takes arguments', async () => {
  const positions = Array.from({ length: 250_000 }, (_, partition) => ({ partition, committedMs: partition }))
  const log = {
    positions: { pages: () => [positions] },
    topics: { named: () => [] },
    clock: new ManualClock(1_000_000),
    refresh: () => undefined,
  } as unknown as ApplicationsLog
  const { lastCommitMs } = await inSteps(unreadOf(log, { name: 'app' } as unknown as KeptVersion))
  expect(lastCommitMs).toBe(249_999)
})
