// The proof that the check of what is downstream can fail: what is doctored is told from what is sound.
import { expect, test } from 'vitest'
import { type DownstreamContents, downstreamOf } from './downstream.ts'
import { downstreamViolations } from './version-adder.ts'

const results = [0, 1, 2].map((lane) => Array.from({ length: 12 }, (_, at) => `${at * 3 + lane} ${at + 1} v2`))
const place = [12, 7, 0]
const before = [['9 40', '12 3'], ['4 1'], []]

function sound(): DownstreamContents {
  const { rows, lanes } = downstreamOf(results, place)
  return { place, rows, lanes: lanes.map((lines, lane) => [...(before[lane] ?? []), ...lines]) }
}

type Doctor = (contents: DownstreamContents) => DownstreamContents

const doctored: readonly (readonly [string, string, Doctor])[] = [
  ['its state is still there', 'its store has', (one) => ({ ...one, place: [0, 0, 0] })],
  ['its position is still there', 'its store has undefined', (one) => ({ ...one, rows: new Map() })],
  ['it has added up a result twice', 'its store has', (one) => ({ ...one, rows: doubled(one.rows) })],
  [
    'its outputs are not kept',
    'A3 downstream: turnovers[0] has',
    (one) => ({ ...one, lanes: one.lanes.map((lines, lane) => lines.slice(before[lane]?.length)) }),
  ],
  [
    'an output is there twice',
    'A3 downstream: turnovers[1] has',
    (one) => ({ ...one, lanes: one.lanes.map((lines) => [...lines, ...lines.slice(-1)]) }),
  ],
]

function doubled(rows: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...rows].map(([key, row]) => [key, row.replace(/"total":(\d+)/, (_, total) => `"total":${total}0`)]))
}

test('what has added up what it has read passes', () => {
  expect(downstreamViolations(sound(), results, before)).toEqual([])
})

test.each(doctored)('it is found that %s', (_, violation, doctor) => {
  expect(downstreamViolations(doctor(sound()), results, before)).toContainEqual(expect.stringContaining(violation))
})

test('it is found that outputs are kept which were to be emptied', () => {
  const found = downstreamViolations(sound(), results, [])
  expect(found).toContainEqual(expect.stringContaining('A3 downstream: turnovers[0] has "9 40" at 0'))
})
