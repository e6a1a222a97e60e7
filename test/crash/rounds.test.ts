// The proof that the checks of the producers' and the copier's kill loops can fail: each doctored log is told from a sound one.
import { expect, test } from 'vitest'
import type { StoredRecord } from './contents.ts'
import { audit, copies, copyOf, copyViolations } from './copying.ts'
import { checkRounds, keyOf, left, partsOf, placeOf, type Places, right } from './rounds.ts'
import { renumber } from './sound.ts'

type Topics = Map<string, StoredRecord[][]>

function lanesOf(topics: Topics, name: string, partitions: number): StoredRecord[][] {
  const lanes = topics.get(name) ?? Array.from({ length: partitions }, () => [])
  topics.set(name, lanes)
  return lanes
}

function append(lane: StoredRecord[], key: Uint8Array, value: Uint8Array): number {
  return lane.push({ offset: lane.length, timestamp: 0, key, value, headers: [] }) - 1
}

interface SoundRounds {
  readonly topics: Topics
  readonly acked: Map<string, Map<number, Places>>
}

/** Six rounds of two producers; the last ones of both were not acknowledged. */
function soundRounds(): SoundRounds {
  const topics: Topics = new Map()
  const acked = new Map([
    ['a', new Map<number, Places>()],
    ['b', new Map<number, Places>()],
  ])
  for (let round = 0; round < 6; round++) {
    for (const [producer, rounds] of acked) {
      const places = partsOf(producer, round).map((part) => {
        const topic = part.index % 2 === 0 ? left : right
        const partition = part.index % 2
        const lane = lanesOf(topics, topic.name, 2)[partition] ?? []
        return placeOf(topic.name, partition, append(lane, topic.key.encode(keyOf(part)), topic.value.encode(part)))
      })
      if (round < 5) rounds.set(round, places)
    }
  }
  return { topics, acked }
}

const lane = (topics: Topics, name: string, partition: number): StoredRecord[] => topics.get(name)?.[partition] ?? []

function spliced(
  topics: Topics,
  name: string,
  partition: number,
  at: number,
  count: number,
  more: StoredRecord[],
): void {
  const records = lane(topics, name, partition)
  records.splice(at, count, ...more)
  renumber(records)
}

test('sound rounds pass, and each producer goes on behind its last', () => {
  const { topics, acked } = soundRounds()
  expect(checkRounds(topics, acked)).toEqual({
    violations: [],
    next: new Map([
      ['a', 6],
      ['b', 6],
    ]),
  })
})

test.each<readonly [string, string, (rounds: SoundRounds) => void]>([
  ['an acknowledged round is missing', 'A1 round 7 of a was acknowledged', ({ acked }) => acked.get('a')?.set(7, [])],
  [
    'a round is somewhere else than it was said to be',
    'A1 round 2 of b was acknowledged at left/0/99',
    ({ acked }) => acked.get('b')?.set(2, ['left/0/99']),
  ],
  [
    'a round in the middle is missing',
    'A1 round 0 of a is missing',
    ({ topics }) => spliced(topics, 'left', 0, 0, 1, []),
  ],
  ['offsets have a gap', 'A2 right[1]', ({ topics }) => void lane(topics, 'right', 1).splice(3, 1)],
  ['a round is torn that nobody was told of', 'A7 round 5 of b', ({ topics }) => void lane(topics, 'right', 1).pop()],
  [
    'a record is there twice',
    'A8 left/0/1: a 0 0 stands behind a 0 0',
    ({ topics }) => spliced(topics, 'left', 0, 0, 0, lane(topics, 'left', 0).slice(0, 1)),
  ],
  [
    'two rounds of a producer have changed places',
    'stands behind a 1 0',
    ({ topics }) => {
      const records = lane(topics, 'left', 0)
      spliced(topics, 'left', 0, 0, records.length, records.toReversed())
    },
  ],
])('rounds of which "%s" is true are told from sound ones', (_, violation, doctor) => {
  const rounds = soundRounds()
  doctor(rounds)
  expect(checkRounds(rounds.topics, rounds.acked).violations).toContainEqual(expect.stringContaining(violation))
})

const position = 12

/** Twelve inputs that were copied. */
function soundCopies(): Topics {
  const topics: Topics = new Map()
  for (let of = 0; of < position; of++) {
    const key = copies.key.encode(String(of))
    append(lanesOf(topics, copies.name, 3)[of % 3] ?? [], key, copies.value.encode(copyOf(of)))
    append(lanesOf(topics, audit.name, 2)[of % 2] ?? [], key, audit.value.encode(of))
  }
  return topics
}

test('sound copies pass', () => {
  expect(copyViolations(soundCopies(), position)).toEqual([])
})

test.each<readonly [string, string, (topics: Topics) => void]>([
  ['an input is not copied', 'A3 copies: input 5 where 4 is due', (topics) => spliced(topics, 'copies', 1, 1, 1, [])],
  [
    'an input is copied twice',
    'A3 copies: input 4 where 5 is due',
    (topics) => spliced(topics, 'copies', 1, 1, 0, lane(topics, 'copies', 1).slice(1, 2)),
  ],
  [
    'a copy is not in order',
    'A3 audit[1]: 9 stands behind 11',
    (topics) => spliced(topics, 'audit', 1, 0, 6, lane(topics, 'audit', 1).toReversed()),
  ],
  [
    'a transaction is torn',
    'A4 audit has 11 records, the position is 12',
    (topics) => void lane(topics, 'audit', 1).pop(),
  ],
  [
    'a copy holds something else',
    'A7 the copy of 3 is another one',
    (topics) => {
      const records = lane(topics, 'copies', 0)
      const wrong = { ...(records[1] as StoredRecord), value: copies.value.encode({ of: 3, filler: '' }) }
      spliced(topics, 'copies', 0, 1, 1, [wrong])
    },
  ],
  ['offsets have a gap', 'A2 copies[0]', (topics) => void lane(topics, 'copies', 0).splice(1, 1)],
])('copies of which "%s" is true are told from sound ones', (_, violation, doctor) => {
  const topics = soundCopies()
  doctor(topics)
  expect(copyViolations(topics, position)).toContainEqual(expect.stringContaining(violation))
})
