// The proof that the checks of versions can fail: what is doctored is told from what is sound.
import { describe, expect, test } from 'vitest'
import type { ApplicationRow } from '../../src/log/kept/application-rows.ts'
import { checkVersions, movedPlace } from './version-checks.ts'
import type { KeptVersion, VersionContents } from './version-contents.ts'
import { correctionOf } from './version-corrections.ts'
import { VersionHistory } from './version-history.ts'
import {
  askedAt,
  continued,
  type Course,
  courseOf,
  type Outputs,
  outputsAt,
  type Place,
  stateAt,
} from './version-model.ts'
import { isAsked, laneCount } from './versioned.ts'

const input = [0, 1, 2].map((lane) => Array.from({ length: 40 }, (_, at) => at * laneCount + lane))
const end: Place = [40, 38, 39]
const switchedAt: Place = [10, 12, 11]
const zero: Place = [0, 0, 0]

const row = (version: string, facts: Partial<ApplicationRow> = {}): ApplicationRow => ({
  epoch: 1,
  applicationId: 'app',
  version,
  startedMs: 0,
  switches: 1,
  retired: null,
  isPaused: false,
  replay: null,
  session: null,
  fenced: null,
  ...facts,
})

function version(of: ApplicationRow, place: Place, written: Course, isLive: boolean): KeptVersion {
  const state = stateAt(courseOf(of.version, laneCount), input, place)
  const shown = (rows: ReadonlyMap<string, unknown>): Map<string, string> =>
    new Map([...rows].map(([key, value]) => [key, JSON.stringify(value)]))
  const topics = outputsAt(written, (by) => courseOf(by, laneCount), input, place)
  return { row: of, isLive, isRunning: false, place, sums: shown(state.sums), rests: shown(state.rests), topics }
}

/** v1 has left its topics to v2, and v3 stands beside. */
function sound(): VersionContents {
  const written = continued(courseOf('v1', laneCount), switchedAt, 'v2')
  return {
    input,
    versions: [
      version(row('v2'), end, written, true),
      version(row('v1', { retired: 'superseded' }), switchedAt, [{ by: 'v1', from: switchedAt }], false),
      version(row('v3', { switches: 0 }), [20, 20, 20], courseOf('v3', laneCount), false),
    ],
    strayTopics: [],
    switches: [{ number: 1, atMs: 0, from: 'v1', to: 'v2', outputs: 'continue', place: switchedAt }],
    group: zero,
  }
}

/** The log as it was before the switch: what is known of versions is known from looks at it. */
function before(): VersionContents {
  const place = zero
  return {
    ...sound(),
    switches: [],
    versions: [
      version(row('v1'), place, courseOf('v1', laneCount), true),
      version(row('v2'), place, courseOf('v2', laneCount), false),
      version(row('v3'), place, courseOf('v3', laneCount), false),
    ],
  }
}

/** As {@link sound}, where v2 has corrected what v1 has written. */
function corrected(): VersionContents {
  const counts = (by: string): Course => courseOf(by, laneCount)
  const [live, coming] = ['v1', 'v2'].map((by) => outputsAt(counts(by), counts, input, switchedAt)) as [
    Outputs,
    Outputs,
  ]
  const { appended, overwritten, keys } = correctionOf(live, coming, 1)
  const corrections = Object.entries(keys).map(([topic, count]) => ({ topic, keys: count, deletes: 0, bytes: 0 }))
  const [, , third] = sound().versions
  return {
    ...sound(),
    versions: [
      version(row('v2'), end, continued(counts('v1'), switchedAt, 'v2', appended), true),
      version(row('v1', { retired: 'superseded' }), switchedAt, continued([], switchedAt, 'v1', overwritten), false),
      ...(third === undefined ? [] : [third]),
    ],
    switches: [{ number: 1, atMs: 0, from: 'v1', to: 'v2', outputs: 'correct', place: switchedAt, corrections }],
  }
}

function violationsIn(contents: VersionContents, acked = 100): readonly string[] {
  const history = new VersionHistory('v1')
  const violations: string[] = []
  checkVersions(before(), history, acked, (violation) => violations.push(violation))
  expect(violations).toEqual([])
  checkVersions(contents, history, acked, (violation) => violations.push(violation))
  return violations
}

type Doctor = (contents: VersionContents) => VersionContents

const changing =
  (which: number, change: (version: KeptVersion) => Partial<KeptVersion>): Doctor =>
  (contents) => ({
    ...contents,
    versions: contents.versions.map((one, at) => (at === which ? { ...one, ...change(one) } : one)),
  })
const writing = (which: number, change: (lines: readonly string[]) => readonly string[]): Doctor =>
  changing(which, ({ topics }) => ({ topics: { ...topics, results: topics.results?.map((lines) => change(lines)) } }))
const asking = (which: number, change: (lines: readonly string[]) => readonly string[]): Doctor =>
  changing(which, ({ topics }) => ({ topics: { ...topics, answers: topics.answers?.map((lines) => change(lines)) } }))

const doctored: readonly (readonly [string, string, Doctor])[] = [
  ['a result of the live version is missing', 'A3 v2 (live): results', writing(0, (lines) => lines.slice(1))],
  ['a result is there twice', 'A3 v2 (live): results', writing(0, (lines) => lines.toSpliced(30, 0, lines[30] ?? ''))],
  ['the newest result is missing', 'A3 v3: results', writing(2, (lines) => lines.slice(0, -1))],
  ['an answer was lost in a switch', 'A3 v2 (live): answers', asking(0, (lines) => lines.toSpliced(3, 1))],
  ['a version has written after it left', 'A3 v1: results', writing(1, () => ['30 1 v1'])],
  ['a row is another one', 'A4 v3: store sums', changing(2, ({ sums }) => ({ sums: new Map([...sums].slice(1)) }))],
  ['a count is another one', 'A4 v2: store rests', changing(0, () => ({ rests: new Map([['rest-0', '1']]) }))],
  ['two versions are live', 'the live versions are [v2,v1]', changing(1, () => ({ isLive: true }))],
  ['no version is live', 'the live versions are []', changing(0, () => ({ isLive: false }))],
  ['a topic is left', 'belongs to no version', (contents) => ({ ...contents, strayTopics: ['results@app@v2'] })],
  ['a switch is not told', 'the live versions are [v2]', (contents) => ({ ...contents, switches: [] })],
  [
    'a switch is told from another place',
    'v1 has left at',
    (contents) => ({ ...contents, switches: contents.switches.map((one) => ({ ...one, place: zero })) }),
  ],
  [
    'a switch has another number',
    'the switches have the numbers 2',
    (contents) => ({ ...contents, switches: contents.switches.map((one) => ({ ...one, number: 2 })) }),
  ],
]

const at = switchedAt[0] ?? 0
const correcting: readonly (readonly [string, string, Doctor])[] = [
  ['a key is not corrected', 'A3 v2 (live): results', writing(0, (lines) => lines.toSpliced(at, 1))],
  ['a correction says another switch', 'A3 v2 (live): results', writing(0, (lines) => lines.with(at, `${lines[at]}0`))],
  [
    'a correction is no correction',
    'A3 v2 (live): results',
    writing(0, (lines) => lines.with(at, (lines[at] ?? '').replace('v2', 'v1'))),
  ],
  ['what was overwritten is lost', 'A3 v1: results', writing(1, (lines) => lines.slice(1))],
  [
    'another number of keys is told',
    'where 7 are due',
    (contents) => ({
      ...contents,
      switches: contents.switches.map((one) => ({
        ...one,
        corrections: one.corrections?.map((told) => ({ ...told, keys: told.keys - 1 })),
      })),
    }),
  ],
]

describe('the checks of versions', () => {
  test('let pass what is sound', () => {
    expect(violationsIn(sound())).toEqual([])
  })

  test.each(doctored)('find that %s', (_, violation, doctor) => {
    expect(violationsIn(doctor(sound()))).toContainEqual(expect.stringContaining(violation))
  })

  test('let pass what is sound after a correction, in whatever order its keys come', () => {
    expect(violationsIn(corrected())).toEqual([])
    const turned = writing(0, (lines) => {
      const appended = lines.filter((line) => line.endsWith('switch 1'))
      return lines.toSpliced(lines.indexOf(appended[0] ?? ''), appended.length, ...appended.toReversed())
    })
    expect(violationsIn(turned(corrected()))).toEqual([])
  })

  test.each(correcting)('find after a correction that %s', (_, violation, doctor) => {
    expect(violationsIn(doctor(corrected()))).toContainEqual(expect.stringContaining(violation))
  })

  test('find that an acknowledged record is missing', () => {
    expect(violationsIn(sound(), 120)).toEqual([])
    const short = { ...sound(), input: input.map((lane) => lane.slice(0, 39)) }
    expect(violationsIn(short, 118)).toContainEqual(expect.stringContaining('A1 118 records'))
  })
})

test('a copy asks again about what the live version had read and had no answer to', () => {
  const written: Course = [{ by: 'v4', from: switchedAt, answersFrom: askedAt(input, [2, 0, 0]) }]
  const { answers } = outputsAt(written, (by) => courseOf(by, laneCount), input, [12, 14, 13])
  const asked = (input[0] ?? []).slice(0, 12) // all of the first lane, and none of the others
  expect(asked.every(isAsked)).toBe(true)
  expect(answers).toEqual([asked.slice(2).map((n) => `${n} v4`), [], []])
})

test('a group goes on at the first record of the time of its next, or at the end', () => {
  const times = input.map((lane) => lane.map((n) => Math.floor(n / 6)))
  const shorter = times.map((lane, at) => (at === 1 ? lane.slice(0, 20) : lane))
  expect(movedPlace([5, 40, 0], times, shorter)).toEqual([4, 20, 0])
  // What a switch has appended is older than what came before it.
  expect(movedPlace([2, 0, 0], [[3, 4, 1, 5], [], [2]], [[0, 1, 2, 1], [7], [1]])).toEqual([1, 1, 1])
})
