// A member that has to wait for its partitions says once why; one that has not joined is told so when it commits.
import { hostname } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock, seconds } from 'millrace'
import { waitWarning } from '../../../src/log/consumer/wait-warning.ts'
import { turns } from '../../support/applications.ts'
import { hear } from '../../support/events.ts'
import type { MemberOptions } from '../../support/group-member.ts'
import { MemberProcess, settle } from '../../support/members.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { words } from '../../support/topics.ts'

interface Group extends OpenedLog {
  readonly clock: ManualClock
  readonly member: (name: string, options?: MemberOptions) => MemberProcess
  /** What was warned of so far. */
  readonly warnings: () => Promise<readonly string[]>
}

async function openGroup(): Promise<Group> {
  const clock = new ManualClock(1_000_000)
  const opened = openTestLog(undefined, { clock })
  const told: string[] = []
  const onWarning = (warning: Error & { readonly code?: string }): void => {
    if (warning.code === waitWarning) told.push(warning.message)
  }
  process.on('warning', onWarning)
  onTestFinished(() => void process.off('warning', onWarning))
  await opened.log.producer().sendMany(
    words,
    Array.from({ length: 20 }, (_, i) => ({ key: `${i}`, value: `${i}` })),
  )
  return {
    ...opened,
    clock,
    member: (name, options) => new MemberProcess(opened.environment, clock, name, options).run(),
    async warnings() {
      await turns(3)
      return told
    },
  }
}

test('a member that waits for longer than 2 s for what another holds says for whom and until when, once', async () => {
  const { clock, member, warnings } = await openGroup()
  const a = member('a', { sessionTimeoutMs: 45_000 })
  a.hold()
  await settle()
  const b = member('b')
  await settle()
  clock.advance(1_999)
  expect(await warnings()).toEqual([])
  clock.advance(1)
  const [warning, ...others] = await warnings()
  expect(others).toEqual([])
  expect(warning).toMatch(
    /^"b-\S+" of the group "g" waits for partitions: 2 of them are still with "a-\S+" \(process \d+ on /,
  )
  expect(warning).toContain('last heard from 2000 ms ago')
  expect(warning).toContain('maxPollIntervalMs')
  expect(warning).toContain('45000 ms')
  clock.advance(seconds(20))
  await settle()
  expect(await warnings()).toHaveLength(1)
  a.release()
  await settle()
  expect(b.partitions).toHaveLength(2)
})

test('a logger hears of it too: which member waits, and for whom', async () => {
  const { clock, member, warnings } = await openGroup()
  const heard = hear('millrace:waiting-for-members')
  const a = member('a')
  a.hold()
  await settle()
  member('b')
  await settle()
  const lastHeartbeatMs = clock.now()
  clock.advance(2_000)
  expect(await warnings()).toHaveLength(1)
  const holder = { memberId: expect.stringMatching(/^a-/), pid: process.pid, host: hostname(), lastHeartbeatMs }
  expect(heard).toEqual([{ group: 'g', memberId: expect.stringMatching(/^b-/), waitsFor: [holder] }])
  a.release()
})

test('a member for which there is no partition says who has them', async () => {
  const { clock, member, warnings } = await openGroup()
  for (const name of ['a', 'b', 'c', 'd']) {
    member(name)
    await settle()
  }
  await settle()
  member('e')
  await settle()
  clock.advance(2_000)
  const [warning, ...others] = await warnings()
  expect(others).toEqual([])
  expect(warning).toMatch(/^"e-\S+" of .* 5 members and no partition left for this one: all 4 are with "a-/)
})

test('members whose partitions move at once say nothing, nor does one that closes while it waits', async () => {
  const { clock, member, warnings } = await openGroup()
  const a = member('a')
  member('b')
  await settle()
  clock.advance(seconds(10))
  a.hold()
  await settle()
  const c = member('c')
  await settle()
  await c.consumer.close()
  clock.advance(seconds(10))
  expect(await warnings()).toEqual([])
})

test('a consumer that has not joined its group is told so when it commits, and what to do', async () => {
  const { log } = await openGroup()
  const consumer = log.consumer({ group: 'g', topics: [words], autoCommitMs: false })
  const error = await rejectionOf(consumer.commit([{ topic: 'words', partition: 0, offset: 1 }]))
  expect(error).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining('has not joined the group "g" yet'),
  })
  await consumer.commit()
  await consumer.close()
})
