// A store of members against sets that are sorted when they are asked: whatever was undone, committed, dropped from memory or
// lost in a crash. Then what it reads, and what it keeps of a group that is too large for a list.
import fc from 'fast-check'
import { bytes, json, type Serde, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import { TupleCodec } from '../../src/core/tuple-codec.ts'
import { keyLayout } from '../../src/plan/store-layout.ts'
import { TurnScope } from '../../src/runtime/turn.ts'
import { MemberTurnStore } from '../../src/state/member-store.ts'
import type { Environment } from '../../src/storage/environment.ts'
import { StateStores } from '../../src/storage/state/state-stores.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { checkedWriter } from './ordered-world.ts'

let nextStoreId = 1

class World {
  readonly #environment: Environment
  readonly #state: StateStores
  readonly #storeId = nextStoreId++
  readonly #codec: TupleCodec
  #turn = new TurnScope()
  store: MemberTurnStore
  reads = 0

  constructor(environment: Environment, memberSerde: object = string()) {
    this.#environment = environment
    this.#state = new StateStores(environment)
    this.#codec = new TupleCodec([codecOf(string()), codecOf(memberSerde as Serde<unknown>)] as Codec<unknown>[])
    environment.write((transaction) => this.#state.create(transaction, this.#storeId))
    this.store = this.#open()
  }

  #open(): MemberTurnStore {
    return new MemberTurnStore({
      spec: {
        kind: 'buffer',
        name: 'pairs',
        keyCodec: this.#codec as Codec<unknown>,
        valueCodec: codecOf(bytes()) as Codec<unknown>,
        layout: keyLayout({ isOrdered: true }),
        form: undefined,
        facts: {},
        isOfMembers: true,
      },
      storeId: this.#storeId,
      partition: 0,
      reader: {
        get: (...question) => {
          this.reads++
          return this.#state.get(...question)
        },
        range: (...question) => {
          this.reads++
          return this.#state.range(...question)
        },
      },
      turn: this.#turn,
      streamTime: undefined,
    })
  }

  begin(): void {
    this.#turn.begin()
  }

  undo(): void {
    this.#turn.undo()
  }

  commit(): void {
    this.#environment.write((transaction) => {
      const changes = this.#state.begin(transaction)
      this.store.write(checkedWriter(changes))
      this.#state.end(changes, 4_096)
    })
    this.store.committed()
  }

  /** What a crash leaves: the last commit. */
  restart(): void {
    this.#environment.refresh()
    this.#turn = new TurnScope()
    this.store = this.#open()
  }

  membersOf(group: string): unknown[] {
    return (this.store.members(group) ?? []).map(({ member }) => member)
  }

  pairsOf(group: string, from?: Uint8Array): unknown[] {
    return Array.from(this.store.pairs(group, from), ({ member }) => member)
  }
}

const sorted = (names: Iterable<string>): string[] =>
  [...names].toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))

/** Names whose bytes are hard to keep apart, or in another order than their characters. */
const names = ['', 'a', 'a\0', 'a\u0001', 'aa', 'b', '\uffee', '\u{1f600}'] as const
const groups = names.slice(0, 4)
const act = fc.record({
  kind: fc.constantFrom('join', 'join', 'join', 'leave', 'leave', 'members', 'pairs'),
  group: fc.constantFrom(...groups),
  name: fc.constantFrom(...names),
  isKnown: fc.boolean(),
})
const turn = fc.record({
  kind: fc.constant('turn' as const),
  isUndone: fc.boolean(),
  acts: fc.array(act, { maxLength: 12 }),
})
const between = fc.constantFrom('commit', 'age', 'forget', 'restart').map((kind) => ({ kind }) as const)
const steps = fc.array(fc.oneof({ weight: 3, arbitrary: turn }, between), { maxLength: 20 })

type Sets = ReadonlyMap<string, ReadonlySet<string>>

const setOf = (sets: Sets, group: string): ReadonlySet<string> => sets.get(group) ?? new Set()

describe.each([
  ['a string', string()],
  ['what could be changed in place', json<string>()],
])('members that are %s', (_, serde) => {
  test('are those of a set, after any turns, commits and crashes', () => {
    const { environment } = openTestLog()
    fc.assert(
      fc.property(steps, (list) => {
        const world = new World(environment, serde)
        let sets: Sets = new Map()
        let committed = sets
        for (const step of list) {
          if (step.kind === 'turn') {
            const before = sets
            world.begin()
            for (const { kind, group, name, isKnown } of step.acts) {
              const members = setOf(sets, group)
              if (kind === 'join') {
                world.store.join(group, name, 1, isKnown && !members.has(name))
                sets = new Map(sets).set(group, new Set(members).add(name))
              } else if (kind === 'leave') {
                world.store.leave(group, name)
                sets = new Map(sets).set(group, new Set([...members].filter((one) => one !== name)))
              } else if (kind === 'members') {
                expect(world.membersOf(group)).toEqual(sorted(members))
              } else {
                const from = [...world.store.pairs(group)].find(({ member }) => member === name)?.keyBytes
                const at = from === undefined ? 0 : sorted(members).indexOf(name)
                expect(world.pairsOf(group, from)).toEqual(sorted(members).slice(at))
              }
            }
            if (!step.isUndone) continue
            world.undo()
            sets = before
          } else if (step.kind === 'restart') {
            world.restart()
            sets = committed
          } else {
            world.commit()
            committed = sets
            if (step.kind !== 'commit') world.store.age()
            if (step.kind === 'forget') world.store.age()
          }
        }
        for (const isStored of [false, true]) {
          if (isStored) {
            world.commit()
            world.restart()
          }
          world.begin()
          for (const group of groups) {
            expect(world.pairsOf(group)).toEqual(sorted(setOf(sets, group)))
            expect(world.membersOf(group)).toEqual(sorted(setOf(sets, group)))
          }
        }
      }),
      { numRuns: 50 },
    )
  })
})

test('a group is read once for as long as it fits into memory, whatever comes and goes', () => {
  const world = new World(openTestLog().environment)
  world.begin()
  for (const name of ['a', 'c']) world.store.join('g', name, 1, false)
  world.commit()
  world.restart()
  world.begin()
  expect(world.membersOf('g')).toEqual(['a', 'c'])
  world.reads = 0
  for (let round = 0; round < 50; round++) {
    world.begin()
    world.store.join('g', 'b', 1, false)
    world.store.leave('g', 'd')
    expect(world.membersOf('g')).toEqual(['a', 'b', 'c'])
    world.store.leave('g', 'b')
    if (round % 2 === 0) world.undo()
    if (round % 5 === 0) world.commit()
  }
  expect(world.membersOf('g')).toEqual(['a', 'c'])
  expect(world.reads).toBe(0)
  const { memoryBytes } = world.store
  expect(memoryBytes).toBeGreaterThan(0)
  world.commit()
  world.store.age()
  world.store.age()
  expect(world.store.memoryBytes).toBe(0)
  expect(world.membersOf('g')).toEqual(['a', 'c'])
  expect(world.store.memoryBytes).toBeLessThanOrEqual(memoryBytes)
})

test('a member that leaves, or that is known to be new, is not looked for', () => {
  const world = new World(openTestLog().environment)
  world.begin()
  world.store.join('g', 'a', 1, true)
  world.commit()
  world.restart()
  world.reads = 0
  world.begin()
  world.store.leave('g', 'a')
  world.undo()
  world.begin()
  world.store.leave('g', 'a')
  world.store.join('g', 'b', 1, true)
  world.commit()
  expect(world.reads).toBe(0)
  world.restart()
  world.begin()
  expect(world.membersOf('g')).toEqual(['b'])
})

test('a member that a turn removes unseen is there again when the turn is undone, also in a group that it has read', () => {
  const world = new World(openTestLog().environment)
  world.begin()
  world.store.join('g', 'a', 1, true)
  world.commit()
  world.restart()
  world.begin()
  world.store.leave('g', 'a')
  expect(world.membersOf('g')).toEqual([])
  world.undo()
  world.begin()
  expect(world.membersOf('g')).toEqual(['a'])
})

test('a group that is too large for a list is walked over, and takes no memory after a commit', () => {
  const world = new World(openTestLog().environment)
  const nameAt = (index: number): string => `m${String(index).padStart(5, '0')}`
  world.begin()
  for (let index = 0; index < 1_500; index++) world.store.join('g', nameAt(index * 2), 1, true)
  expect(world.store.members('g')).toBeUndefined()
  world.commit()
  expect(world.store.memoryBytes).toBeLessThan(1_000)
  world.begin()
  expect(world.store.members('g')).toBeUndefined()
  world.store.join('g', nameAt(1_001), 1, true)
  world.store.leave('g', nameAt(1_002))
  const walked = [...world.store.pairs('g')]
  expect(walked).toHaveLength(1_500)
  expect(walked.slice(499, 503).map(({ member }) => member)).toEqual([998, 1_000, 1_001, 1_004].map(nameAt))
  expect(world.pairsOf('g', walked[501]?.keyBytes)).toHaveLength(999)
  for (let index = 0; index < 600; index++) world.store.leave('g', nameAt(index * 2))
  world.commit()
  world.begin()
  expect(world.store.members('g')).toHaveLength(901)
})

test('a pair whose keys are too long together, or do not encode, is refused', () => {
  const world = new World(openTestLog().environment)
  world.begin()
  const long = 'x'.repeat(2_500)
  expect(errorOf(() => world.store.join(long, long, 1, true)).code).toBe('key_too_long')
  expect(errorOf(() => world.store.join('g', '\ud800', 1, true)).code).toBe('encode_failed')
  expect(errorOf(() => world.store.join('\ud800', 'm', 1, true)).code).toBe('encode_failed')
  world.commit()
  world.begin()
  expect(world.membersOf('g')).toEqual([])
})
