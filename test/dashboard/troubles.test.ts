// What needs attention is found, says what to do, and nothing else is called trouble.
import { expect, test } from 'vitest'
import { Standstills } from '../../src/dashboard/standstills.ts'
import { troublesOf } from '../../src/dashboard/troubles.ts'
import type { GroupView, VersionView } from '../../src/dashboard/views.ts'

const version: VersionView = {
  applicationId: 'pages',
  version: 'v1',
  isLive: true,
  state: 'running',
  instance: { pid: 4_711, host: 'here', startedMs: 0 },
  startedMs: 0,
  lastCommitMs: 0,
  eventTimeMs: null,
  lag: 7,
  lagMs: 100,
  rate: 1,
  consumed: 100,
  dropped: 3,
  failed: 0,
}
const group: GroupView = { name: 'billing', kind: 'group', state: 'stable', members: 1, lag: 9, lagMs: 61_000 }

function whatOf(versions: readonly VersionView[], groups: readonly GroupView[] = [], standstills = new Standstills()) {
  return troublesOf({ versions, groups, standstills }).map(({ level, at, what }) => `${level} ${at} ${what}`)
}

test('what runs, lags a little and drops records is no trouble; nor is a group with members, or without lag', () => {
  const idle = { ...group, members: 0, lag: 0 }
  const stopped: VersionView = { ...version, state: 'stopped', instance: null, lag: 0 }
  expect(whatOf([version, stopped], [group, idle, { ...group, kind: 'application', members: 0 }])).toEqual([])
})

test('a process that is gone is worse than a stop, and a version beside the live one may stop', () => {
  const stopped: VersionView = { ...version, state: 'stopped', instance: null }
  expect(
    whatOf([
      stopped,
      { ...stopped, version: 'v2', isLive: false },
      { ...version, applicationId: 'killed', state: 'stopped' },
      { ...version, applicationId: 'frozen', state: 'fenced' },
      { ...version, applicationId: 'failing', failed: 1 },
    ]),
  ).toEqual([
    'broken /applications/killed/v1 killed ended without close: pid 4711 on here is gone; 7 records to read.',
    'warning /applications/pages/v1 pages is stopped; 7 records to read.',
    'warning /applications/frozen/v1 frozen was stopped by another instance, and has not closed yet.',
    'warning /applications/failing/v1 failing passed over 1 record that failed.',
  ])
})

test('a group that no one reads for is told with its lag, by an address that leads there', () => {
  expect(whatOf([], [{ ...group, name: 'a/b', members: 0 }])).toEqual([
    'warning /groups/a%2Fb Group a/b has no members, and 9 records to read, the oldest 1m 1s old.',
  ])
})

test('a position that stands for half a minute with records to read is told, until it moves', () => {
  const standstills = new Standstills()
  const at = { name: 'pages/v1', topic: 'clicks', partition: 3, position: 1_204 }
  expect(standstills.note(at, true, 0)).toBe(0)
  expect(standstills.note(at, true, 29_000)).toBe(29_000)
  expect(whatOf([], [], standstills)).toEqual([])
  expect(standstills.note(at, true, 120_000)).toBe(120_000)
  expect(whatOf([], [], standstills)).toEqual([
    'broken /applications/pages/v1 pages/v1 has been stuck at clicks/3 @ 1204 for 2m, with records to read.',
  ])
  expect(standstills.note({ ...at, position: 1_205 }, true, 121_000)).toBe(0)
  expect(whatOf([], [], standstills)).toEqual([])
  standstills.note({ ...at, position: 1_205 }, true, 160_000)
  expect(standstills.note({ ...at, position: 1_205 }, false, 161_000)).toBe(0) // at the end, or stopped
  expect(standstills.all).toEqual([])
  standstills.note(at, true, 200_000)
  standstills.note(at, true, 300_000)
  standstills.forget(301_000) // its application was deleted
  expect(standstills.all).toEqual([])
})
