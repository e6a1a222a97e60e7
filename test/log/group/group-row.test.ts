// A group comes out of its row as it went in, and the row says what docs/format.md says.
import { expect, test } from 'vitest'
import { type Group, join, retarget, take } from '../../../src/log/group/group.ts'
import { decodeGroup, encodeGroup, versionOf } from '../../../src/log/group/group-row.ts'

const topics = [{ name: 'words', id: 7, partitions: 2 }]

function settled(): Group {
  const member = {
    memberId: 'm',
    clientId: 'c',
    pid: 1,
    host: 'h',
    sessionTimeoutMs: 45_000,
    subscription: { topics: ['words'] },
    assignor: 'range',
  } as const
  return take(retarget(join({ generation: 0, members: [] }, member, 5), topics), 'm')
}

test('a group is read as it was written, with its version', () => {
  const stored = { group: settled(), version: 41 }
  const row = encodeGroup(stored)
  expect(decodeGroup(row)).toEqual(stored)
  expect(versionOf(row)).toBe(41)
})

test('a row holds the partitions of a member as pairs of topic id and partition', () => {
  const row = JSON.parse(encodeGroup({ group: settled(), version: 1 }).toString('utf8', 8)) as { members: object[] }
  const partitions = [
    [7, 0],
    [7, 1],
  ]
  expect(row.members).toMatchObject([{ owned: partitions, target: partitions }])
})
