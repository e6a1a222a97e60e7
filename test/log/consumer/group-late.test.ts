// A member that does not ask for the next record within maxPollIntervalMs has lost its partitions, also when it blocks the event loop, so
// that no timer notices.
import { expect, test } from 'vitest'
import { ManualClock, minutes } from 'millrace'
import { MemberProcess, settle } from '../../support/members.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

interface Group extends OpenedLog {
  readonly clock: ManualClock
  readonly blocked: MemberProcess
  readonly committed: () => number
}

/** A member with a record in hand, whose timers do not run. */
async function openBlocked(autoCommitMs: number | false): Promise<Group> {
  const clock = new ManualClock(1_000_000)
  const opened = openTestLog(undefined, { clock })
  await opened.log.producer().sendMany(
    words,
    Array.from({ length: 40 }, (_, i) => ({ key: `${i}`, value: `${i}` })),
  )
  const options = { autoCommitMs, maxPollIntervalMs: minutes(1), sessionTimeoutMs: minutes(30), heartbeatMs: 3_000 }
  const blocked = new MemberProcess(opened.environment, clock, 'm', options).run()
  blocked.hold()
  await settle()
  expect(blocked.isHolding).toBe(true)
  blocked.stop()
  return {
    ...opened,
    clock,
    blocked,
    committed() {
      opened.embedded.refresh()
      return opened.embedded.positions.list('g').reduce((sum, { offset }) => sum + offset, 0)
    },
  }
}

test('the commit after a block of that long is refused, and its record comes again', async () => {
  const { clock, blocked, committed } = await openBlocked(false)
  const { partition = 0 } = blocked.seen[0] ?? {}
  const commit = (): Promise<void> => blocked.consumer.commit([{ topic: 'words', partition, offset: 1 }])
  clock.advance(minutes(1))
  await commit()
  expect(committed()).toBe(1)
  clock.advance(1)
  expect(await rejectionOf(commit())).toMatchObject({
    code: 'member_fenced',
    message: expect.stringContaining('60000 ms (maxPollIntervalMs)'),
  })
  blocked.goOn()
  blocked.release()
  await settle()
  expect(blocked.events).toEqual(['assigned 0 1 2 3', 'lost 0 1 2 3', 'assigned 0 1 2 3'])
})

test('what was done too late is not committed by itself either', async () => {
  const { clock, blocked, committed } = await openBlocked(1_000)
  clock.advance(minutes(1) + 1)
  blocked.release()
  await settle()
  expect(blocked.events.slice(0, 3)).toEqual(['assigned 0 1 2 3', 'lost 0 1 2 3', 'assigned 0 1 2 3'])
  const [first] = blocked.seen
  expect(
    blocked.seen.filter(({ partition, offset }) => partition === first?.partition && offset === first.offset),
  ).toHaveLength(2)
  blocked.goOn()
  clock.advance(1_000)
  await settle()
  expect(committed()).toBeGreaterThan(0)
})

test('closing after a block of that long commits nothing, and tells what is lost', async () => {
  const { clock, blocked, committed } = await openBlocked(1_000)
  clock.advance(minutes(1) + 1)
  const closing = blocked.consumer.close()
  blocked.release()
  await closing
  expect(committed()).toBe(0)
  expect(blocked.events).toEqual(['assigned 0 1 2 3', 'lost 0 1 2 3'])
})

test('positions in a transaction that blocks for that long are refused with it', async () => {
  const { log, clock, blocked, committed } = await openBlocked(false)
  const producer = log.producer({ transactionalId: 't', transactionTimeoutMs: minutes(10) })
  const refused = producer.transaction((tx) => {
    tx.send(lines, { key: 'a', value: 'b' })
    tx.sendOffsets(blocked.consumer)
    clock.advance(minutes(1) + 1)
  })
  expect(await rejectionOf(refused)).toMatchObject({ code: 'member_fenced' })
  expect(await log.admin.endOffsets(lines)).toEqual([0])
  expect(committed()).toBe(0)
})

test('a program that is quick with every record is never late, however short the interval and however many records', async () => {
  const { clock, blocked, log } = await openBlocked(false)
  blocked.release()
  await blocked.consumer.close()
  const consumer = log.consumer({ group: 'g', topics: [words], maxPollIntervalMs: 100, heartbeatMs: 3_000 })
  let count = 0
  for await (const _ of consumer) {
    clock.advance(90)
    if (++count === 40) break
  }
  expect(consumer.metrics()).toMatchObject({ records: 40, rebalances: 1 })
  await consumer.close()
})
