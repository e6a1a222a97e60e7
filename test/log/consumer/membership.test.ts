// A member that another process removes from its group between its look at the group and what it does then.
import { expect, test, vi } from 'vitest'
import { ManualClock } from 'millrace'
import type { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { Membership, type MembershipHost } from '../../../src/log/consumer/membership.ts'
import { openTestLog } from '../../support/open.ts'
import { words } from '../../support/topics.ts'

const group = 'g'

interface Life {
  readonly membership: Membership
  readonly happened: string[]
}

function startLife(log: EmbeddedLog, name: string, revoke: () => boolean = () => true): Life {
  const happened: string[] = []
  const host: MembershipHost = {
    begin: () => undefined,
    async assigned(partitions) {
      happened.push(`assigned ${partitions.length}`)
    },
    async revoked(partitions) {
      const isRevoked = revoke()
      if (isRevoked) happened.push(`revoked ${partitions.length}`)
      return isRevoked
    },
    async lost(partitions) {
      happened.push(`lost ${partitions.length}`)
    },
    fail(error) {
      throw error
    },
  }
  const { groups, groupSession: session, clock, topics } = log
  let lives = 0
  return {
    membership: new Membership(
      {
        groups,
        session,
        clock,
        inTurn: (step) => step(),
        refresh: () => log.refresh(),
        topicsVersion: () => topics.version(),
        newMemberId: () => `${name}-${lives++}`,
      },
      {
        group,
        clientId: name,
        instanceId: undefined,
        subscription: () => ({ topics: ['words'] }),
        assignor: 'range',
        sessionTimeoutMs: 60_000,
        heartbeatMs: 10_000,
        maxPollIntervalMs: 60_000,
      },
      host,
    ),
    happened,
  }
}

test('a member that is removed before it takes its partitions joins again at once', async () => {
  const { dir, embedded } = openTestLog(undefined, { clock: new ManualClock(1_000_000) })
  embedded.ensureTopics([words])
  const other = openTestLog(dir).embedded
  const member = startLife(embedded, 'm')
  const take = embedded.groups.take.bind(embedded.groups)
  vi.spyOn(embedded.groups, 'take').mockImplementationOnce((...args) => {
    other.groups.leave(group, 'm-0')
    return take(...args)
  })
  await member.membership.poll()
  expect(member.membership.memberId).toBe('m-1')
  expect(member.happened).toEqual(['lost 0', 'assigned 4'])
})

test('a member that is removed before it gives partitions up has lost them, and joins again', async () => {
  const { dir, embedded } = openTestLog(undefined, { clock: new ManualClock(1_000_000) })
  embedded.ensureTopics([words])
  const other = openTestLog(dir).embedded
  const member = startLife(embedded, 'm', () => {
    other.groups.leave(group, 'm-0')
    return false
  })
  await member.membership.poll()
  const rival = startLife(embedded, 'n')
  await rival.membership.poll()
  await member.membership.poll()
  expect(member.membership.memberId).toBe('m-1')
  expect(member.happened.slice(0, 2)).toEqual(['assigned 4', 'lost 4'])
})

test('a member that its group never shows is told of damage: it does not join for ever', async () => {
  const { embedded } = openTestLog()
  embedded.ensureTopics([words])
  const { membership } = startLife(embedded, 'a')
  vi.spyOn(embedded.groups, 'find').mockReturnValue(undefined)
  await expect(membership.poll()).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining('"g"') })
})
