/**
 * A group as its row holds it: a version, so that code waiting for a change need not parse the rest, then JSON.
 * Partitions are pairs there, [topic id, partition], because a row holds all of them twice.
 */
import { readInt64, writeInt64 } from '../../core/bytes.ts'
import { namedKey } from '../../storage/keys.ts'
import type { PartitionNumbers } from '../format/partition-id.ts'
import type { Group, Member } from './group.ts'

/** A group and the version of its row. */
export interface StoredGroup {
  readonly group: Group
  readonly version: number
}

type Pair = readonly [topicId: number, partition: number]
type PairedMember = Omit<Member, 'owned' | 'target'> & Readonly<Record<'owned' | 'target', readonly Pair[]>>
type PairedGroup = Omit<Group, 'members'> & { readonly members: readonly PairedMember[] }

const versionBytes = 8

export function groupKey(name: string): Buffer {
  return namedKey(name, '')
}

/** The name in a {@link groupKey}. */
export function nameOfKey(key: Buffer): string {
  return key.subarray(0, -1).toString()
}

export function encodeGroup({ group, version }: StoredGroup): Buffer {
  const paired: PairedGroup = {
    ...group,
    members: group.members.map((member) => ({
      ...member,
      owned: member.owned.map(pairOf),
      target: member.target.map(pairOf),
    })),
  }
  const json = Buffer.from(JSON.stringify(paired))
  const value = Buffer.allocUnsafe(versionBytes + json.length)
  writeInt64(value, 0, version)
  value.set(json, versionBytes)
  return value
}

export function decodeGroup(value: Buffer): StoredGroup {
  const group = JSON.parse(value.toString('utf8', versionBytes)) as PairedGroup
  const members = group.members.map((member) => ({
    ...member,
    owned: member.owned.map(numbersOf),
    target: member.target.map(numbersOf),
  }))
  return { group: { ...group, members }, version: versionOf(value) }
}

/** The version alone. */
export function versionOf(value: Buffer): number {
  return readInt64(value, 0)
}

function pairOf({ topicId, partition }: PartitionNumbers): Pair {
  return [topicId, partition]
}

function numbersOf([topicId, partition]: Pair): PartitionNumbers {
  return { topicId, partition }
}
