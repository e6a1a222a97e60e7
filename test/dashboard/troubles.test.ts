// What needs attention is found, says what to do, and nothing else is called trouble.
import { expect, test } from 'vitest'
import { troublesOf } from '../../src/dashboard/troubles.ts'
import type { GroupView, LogView, VersionView } from '../../src/dashboard/views.ts'

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
  failed: 5,
  failedLately: 0,
  failedAgoMs: 0,
  standstill: null,
}
const group: GroupView = { name: 'billing', kind: 'group', state: 'stable', members: 1, lag: 9, lagMs: 61_000 }

const haveLetters = new Set(['failing'])
const file: LogView = { fileBytes: 1, usedBytes: 1, freeBytes: 0, users: 1, oldSnapshot: null }

function whatOf(versions: readonly VersionView[], groups: readonly GroupView[] = []) {
  return troublesOf({ versions, groups, file, haveLetters }).map(({ level, at, what }) => `${level} ${at} ${what}`)
}

test('what runs, lags a little, drops records and failed on some long ago is no trouble; nor is a group with members, or without lag', () => {
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
      { ...version, applicationId: 'failing', failed: 9, failedLately: 1 },
      { ...version, applicationId: 'failed', failed: 4_000, failedLately: 2_500, failedAgoMs: 200_000 },
    ]),
  ).toEqual([
    'broken /applications/killed/v1 killed ended without close: pid 4711 on here is gone; 7 records to read.',
    'warning /applications/pages/v1 pages is stopped; 7 records to read.',
    'warning /applications/frozen/v1 frozen was stopped by another instance, and has not closed yet.',
    'warning /dead-letters/failing failing passed over 1 record that failed in the last 15 minutes, the last one just now.',
    'warning /applications/failed/v1 failed passed over 2,500 records that failed in the last 15 minutes, ' +
      'the last one 3m 20s ago.',
  ])
})

test('a group that no one reads for is told with its lag, by an address that leads there', () => {
  expect(whatOf([], [{ ...group, name: 'a/b', members: 0, lag: 4_515 }])).toEqual([
    'warning /groups/a%2Fb Group a/b has no members, and 4,515 records to read, the oldest 1m 1s old.',
  ])
})

test('a version that hangs is broken, and one that waits for calls is told; both say where and for how long', () => {
  const standstill = { kind: 'hangs', topic: 'clicks', partition: 3, offset: 1_204, forMs: 120_000, calls: {} } as const
  const waiting = { ...standstill, kind: 'waitsForCalls', calls: { rate: 15, locate: 1 } } as const
  const versions: readonly VersionView[] = [
    { ...version, applicationId: 'ratings', isLive: false, standstill: waiting },
    { ...version, standstill },
  ]
  expect(whatOf(versions)).toEqual([
    'broken /applications/pages/v1 pages has stood still at clicks/3 @ 1204 for 2m (pid 4711 on here): its process hangs.',
    'warning /applications/ratings/v1 ratings/v1 has stood still at clicks/3 @ 1204 for 2m (pid 4711 on here): ' +
      'it waits for 15 calls of rate and 1 call of locate.',
  ])
  for (const { advice } of troublesOf({ versions, groups: [], file, haveLetters }))
    expect(advice).toMatch(/^[A-Z].*\.$/)
})

test('a reader of an old snapshot, which lets the file grow, is told by its process', () => {
  const oldSnapshot = { pid: 4_711, commits: 13_189 }
  expect(troublesOf({ versions: [], groups: [], file: { ...file, oldSnapshot }, haveLetters })).toEqual([
    {
      level: 'warning',
      at: '/',
      what:
        'Process 4711 reads a snapshot that is 13,189 commits old: the file grows, ' +
        'because nothing freed since is used again.',
      advice: 'See whether it makes a backup; end it if it hangs.',
    },
  ])
})
