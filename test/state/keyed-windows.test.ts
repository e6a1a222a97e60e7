// A store that is only asked for keys and windows holds what was put, whatever was committed, undone, dropped from memory
// and read again, and looks on the disk only for windows that may be there.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { int64, string } from 'millrace'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import { keyOf, type StoreSpec } from '../../src/plan/store.ts'
import { windowLayout } from '../../src/plan/store-layout.ts'
import { TurnScope } from '../../src/runtime/turn.ts'
import { openStore, type RowStore } from '../../src/state/open-store.ts'
import type { Environment } from '../../src/storage/environment.ts'
import type { StateReader } from '../../src/storage/state-rows.ts'
import { StateStores } from '../../src/storage/state/state-stores.ts'
import { openTestLog } from '../support/open.ts'

const spec: StoreSpec = {
  kind: 'window',
  name: 'windows',
  keyCodec: codecOf(string()) as Codec<unknown>,
  valueCodec: codecOf(int64()) as Codec<unknown>,
  layout: windowLayout(undefined),
  form: undefined,
  facts: {},
}

/** Keys that are not as long as their bytes, and bytes that look like the time after a key. */
const keys = ['', 'a', 'ä', '\0\0\0\0\0\0\0\u0001']
let nextStoreId = 1

class Windows {
  readonly #environment: Environment
  readonly #state: StateStores
  readonly #storeId = nextStoreId++
  #turn = new TurnScope()
  #store: RowStore
  /** How often the disk was asked for a row. */
  gets = 0

  constructor(environment: Environment) {
    this.#environment = environment
    this.#state = new StateStores(environment)
    this.#environment.write((transaction) => this.#state.create(transaction, this.#storeId))
    this.#store = this.#open()
  }

  #open(): RowStore {
    const reader: StateReader = {
      get: (...question) => {
        this.gets++
        return this.#state.get(...question)
      },
      range: (...question) => this.#state.range(...question),
    }
    const ground = { spec, storeId: this.#storeId, partition: 0, reader, turn: this.#turn, streamTime: undefined }
    return openStore(ground, false)
  }

  begin(): void {
    this.#turn.begin()
  }

  undo(): void {
    this.#turn.undo()
  }

  #row(key: string, start: number) {
    return this.#store.row(keyOf<unknown>(key), start)
  }

  put(key: string, start: number, value: number | undefined): void {
    const row = this.#row(key, start)
    if (value === undefined) this.#store.remove(row)
    else this.#store.put(row, value, start)
  }

  value(key: string, start: number): unknown {
    const row = this.#row(key, start)
    return row.exists ? row.value : undefined
  }

  commit(): void {
    this.#environment.write((transaction) => {
      const changes = this.#state.begin(transaction)
      this.#store.write(changes)
      this.#state.end(changes, 4_096)
    })
    this.#store.committed()
  }

  /** Drops from memory what was not used since the last time; twice in a row, everything. */
  age(): void {
    this.#store.age()
  }

  get notFound(): number {
    return this.#store.notFound
  }

  get misses(): number {
    return this.#store.misses
  }

  /** What a crash leaves: the last commit. */
  restart(): void {
    this.#environment.refresh()
    this.#turn = new TurnScope()
    this.#store = this.#open()
  }
}

const change = fc.record({
  key: fc.constantFrom(...keys),
  start: fc.nat({ max: 6 }).map((window) => window * 10),
  value: fc.option(fc.nat({ max: 99 }), { nil: undefined }),
})
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('keep' as const, 'undo' as const), change }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'age' as const, 'drop' as const), change }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), change }) },
)

test('every window has the value that was put last', () => {
  const { environment } = openTestLog()
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const windows = new Windows(environment)
      let now = new Map<string, number>()
      let committed = new Map<string, number>()
      for (const {
        kind,
        change: { key, start, value },
      } of acts) {
        windows.begin()
        const name = `${key} ${start}`
        if (kind === 'keep' || kind === 'undo') windows.put(key, start, value)
        if (kind === 'undo') windows.undo()
        if (kind === 'keep' && value !== undefined) now.set(name, value)
        if (kind === 'keep' && value === undefined) now.delete(name)
        if (kind === 'commit' || kind === 'age' || kind === 'drop') {
          windows.commit()
          committed = new Map(now)
        }
        if (kind === 'age' || kind === 'drop') windows.age()
        if (kind === 'drop') windows.age()
        if (kind === 'restart') {
          windows.restart()
          now = new Map(committed)
        }
        windows.begin()
        expect(windows.value(key, start)).toBe(now.get(name))
      }
      for (const key of keys) {
        for (let start = 0; start <= 60; start += 10) {
          expect(windows.value(key, start)).toBe(now.get(`${key} ${start}`))
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('a window that begins after all that are stored is not looked for, until rows of it were dropped from memory', () => {
  const windows = new Windows(openTestLog().environment)
  windows.begin()
  windows.put('a', 10, 1)
  windows.commit()
  const asked = (work: () => void): number => {
    const before = windows.gets
    windows.begin()
    work()
    return windows.gets - before
  }
  expect(asked(() => windows.put('a', 20, 2))).toBe(0)
  expect(asked(() => windows.put('b', 20, 2))).toBe(0)
  expect(asked(() => windows.value('b', 10))).toBe(1)
  windows.commit()
  windows.age()
  windows.age()
  expect(asked(() => windows.put('c', 20, 3))).toBe(1)
  expect(asked(() => windows.put('c', 30, 3))).toBe(0)
  expect([windows.value('a', 20), windows.value('b', 20), windows.value('c', 20)]).toEqual([2, 2, 3])
})

test('a new window counts as a row that was not in memory, and as a miss only where the disk is asked for it', () => {
  const windows = new Windows(openTestLog().environment)
  const figures = (work: () => void): [notFound: number, misses: number, gets: number] => {
    const before = [windows.notFound, windows.misses, windows.gets] as const
    windows.begin()
    work()
    return [windows.notFound - before[0], windows.misses - before[1], windows.gets - before[2]]
  }
  expect(figures(() => windows.put('a', 10, 1))).toEqual([1, 1, 1])
  windows.commit()
  expect(figures(() => windows.put('a', 20, 2))).toEqual([1, 0, 0])
  expect(figures(() => windows.put('a', 20, 3))).toEqual([0, 0, 0])
})
