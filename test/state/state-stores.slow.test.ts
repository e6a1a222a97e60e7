// State against a model: whatever is folded and when, whoever reads, a store holds what its commits wrote, in order.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { present } from '../../src/core/assert.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { StateWriter } from '../../src/storage/state-rows.ts'
import { keyAfter } from '../../src/storage/keys.ts'
import { Folding } from '../../src/storage/state/folding.ts'
import { StateStores } from '../../src/storage/state/state-stores.ts'
import { StoreJournal } from '../../src/storage/state/store-journal.ts'
import { storeIdsOf } from '../support/store-ids.ts'
import { openTestLog } from '../support/open.ts'
import { openStored } from '../support/stored.ts'
import { errorOf } from '../support/thrown.ts'

type Bytes = readonly number[]

type Change =
  | { readonly kind: 'put'; readonly place: number; readonly key: Bytes; readonly value: string }
  | { readonly kind: 'remove'; readonly place: number; readonly key: Bytes }
  | {
      readonly kind: 'removeRange'
      readonly place: number
      readonly from: Bytes
      readonly to: Bytes | undefined
      readonly rowsMax: number | undefined
    }

interface Step {
  readonly changes: readonly Change[]
  /** Whether the transaction is given up at its end. */
  readonly fails: boolean
  /** Who commits it. */
  readonly owner: number
  /** Whether the one who commits starts anew before it. */
  readonly isNew: boolean
  /** Whether ranges are read after it: they need all of the journal, rows do not. */
  readonly readsRanges: boolean
}

/** Two stores with two partitions each. */
const places = [0, 1, 2, 3].map((place) => ({ store: place >> 1, partition: (place & 1) * 7 }))
const place = fc.nat({ max: places.length - 1 })
/** Ranges are removed from one store only: that changes how its rows are kept. */
const placeOfRange = fc.constantFrom(2, 3)
const key = fc.array(fc.constantFrom(0, 1, 97, 255), { maxLength: 3 })
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('put' as const), place, key, value: fc.string({ maxLength: 30 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), place, key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('removeRange' as const),
      place: placeOfRange,
      from: key,
      to: fc.option(key, { nil: undefined }),
      rowsMax: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
    }),
  },
)
const step: fc.Arbitrary<Step> = fc.record({
  changes: fc.array(change, { maxLength: 12 }),
  fails: fc.nat({ max: 3 }).map((one) => one === 0),
  owner: fc.nat({ max: 5 }).map((one) => (one === 0 ? 1 : 0)),
  isNew: fc.nat({ max: 5 }).map((one) => one === 0),
  readsRanges: fc.nat({ max: 3 }).map((one) => one === 0),
})

type Model = readonly Map<string, string>[]

function applyTo(model: Model, one: Change): void {
  const rows = model[one.place] as Map<string, string>
  if (one.kind === 'put') rows.set(hex(one.key), one.value)
  else if (one.kind === 'remove') rows.delete(hex(one.key))
  else {
    for (const name of rows.keys()) {
      if (name >= hex(one.from) && (one.to === undefined || name < hex(one.to))) rows.delete(name)
    }
  }
}

function hex(bytes: Bytes): string {
  return Buffer.from(bytes).toString('hex')
}

/** Returns what was done: of a range that is removed in parts, the first of them. */
function write(writer: StateWriter, storeIds: readonly number[], one: Change): Change {
  const { store, partition } = places[one.place] as (typeof places)[number]
  const id = storeIds[store] as number
  if (one.kind === 'put') writer.put(id, partition, Buffer.from(one.key), valueOf(one.value))
  else if (one.kind === 'remove') writer.remove(id, partition, Buffer.from(one.key))
  else {
    const to = Buffer.from(one.to ?? new Array<number>(16).fill(255))
    const left = writer.removeRange(id, partition, Buffer.from(one.from), to, one.rowsMax)
    if (one.rowsMax === undefined) expect(left).toBeUndefined()
    if (left !== undefined) return { ...one, to: [...left] }
  }
  return one
}

/** A value with a timestamp, as stores have them. */
function valueOf(text: string): Buffer {
  return Buffer.concat([Buffer.alloc(8), Buffer.from(text)])
}

class GivenUp extends Error {}

function commit(
  log: EmbeddedLog,
  state: StateStores,
  work: (writer: StateWriter) => void,
  bytesMax = 0,
  atEnd = (): void => undefined,
): void {
  log.environment.write((transaction) => {
    const changes = state.begin(transaction)
    work(changes)
    state.end(changes, bytesMax)
    atEnd()
  })
}

/** Every key of up to two bytes. */
const shortKeys: readonly Bytes[] = [0, 1, 97, 255].flatMap((one) => [
  [one],
  ...[0, 1, 97, 255].map((two) => [one, two]),
])

function checkRows(state: StateStores, storeIds: readonly number[], model: Model): void {
  for (const [at, { store, partition }] of places.entries()) {
    const rows = model[at] as Map<string, string>
    const read = (name: string): string | undefined =>
      state.get(storeIds[store] as number, partition, Buffer.from(name, 'hex'))?.toString()
    for (const name of new Set([...rows.keys(), ...shortKeys.map(hex), ''])) {
      const value = rows.get(name)
      expect(read(name)).toEqual(value === undefined ? undefined : valueOf(value).toString())
    }
  }
}

/** A store is counted without reading all of it. */
function checkSizes(state: StateStores, storeIds: readonly number[], model: Model): void {
  for (const [store, id] of storeIds.entries()) {
    const counting = state.size(id)
    let step = counting.next()
    while (step.done !== true) step = counting.next()
    const rows = places.map((one, at) => (one.store === store ? (model[at] as Map<string, string>).size : 0))
    expect(step.value.rows).toBe(rows.reduce((total, count) => total + count, 0))
  }
}

function check(state: StateStores, storeIds: readonly number[], model: Model): void {
  for (const [at, { store, partition }] of places.entries()) {
    const id = storeIds[store] as number
    const rows = [...(model[at] as Map<string, string>)].toSorted(([a], [b]) => (a < b ? -1 : 1))
    const read = (limit: number, reverse: boolean, from: Bytes = [], to?: Bytes): string[][] =>
      state
        .range(id, partition, Buffer.from(from), to && Buffer.from(to), limit, reverse)
        .map((row) => [row.key.toString('hex'), row.value.toString()])
    const expected = rows.map(([name, value]) => [name, valueOf(value).toString()])
    expect(read(1_000, false)).toEqual(expected)
    expect(read(1_000, true)).toEqual(expected.toReversed())
    for (const limit of [1, 3]) {
      expect(read(limit, false)).toEqual(expected.slice(0, limit))
      expect(read(limit, true)).toEqual(expected.toReversed().slice(0, limit))
      const inner = expected.filter(([name = '']) => name >= '01' && name < '61ff')
      expect(read(limit, false, [1], [97, 255])).toEqual(inner.slice(0, limit))
      expect(read(limit, true, [1], [97, 255])).toEqual(inner.toReversed().slice(0, limit))
    }
    for (const [name, value] of rows) {
      expect(state.get(id, partition, Buffer.from(name, 'hex'))?.equals(valueOf(value))).toBe(true)
    }
    expect(state.get(id, partition, Buffer.from('no such key'))).toBeUndefined()
  }
}

test('a store holds what its commits wrote, for whoever reads it, and its counts agree', async () => {
  const { log, embedded, environment } = openTestLog()
  let runs = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const storeIds = storeIdsOf(embedded, `application ${runs++}`, ['one', 'two'])
      const model: Model = places.map(() => new Map())
      const owners = [new StateStores(environment), new StateStores(environment)]
      const follower = new StateStores(environment)
      for (const [at, { changes, fails, owner: who, isNew, readsRanges }] of steps.entries()) {
        if (isNew) owners[who] = new StateStores(environment)
        const owner = owners[who] as StateStores
        let done: readonly Change[] = []
        const work = (writer: StateWriter): void => {
          done = changes.map((one) => write(writer, storeIds, one))
        }
        if (fails) {
          const give = (): unknown =>
            commit(embedded, owner, work, 0, () => {
              throw new GivenUp()
            })
          expect(give).toThrow(GivenUp)
        } else {
          commit(embedded, owner, work)
          for (const one of done) applyTo(model, one)
        }
        checkRows(owner, storeIds, model)
        checkSizes(at % 2 === 0 ? owner : new StateStores(environment), storeIds, model)
        if (readsRanges) check(owner, storeIds, model)
        if (at % 3 === 0) checkRows(follower, storeIds, model)
        if (at % 3 === 0 && readsRanges) check(follower, storeIds, model)
      }
      check(new StateStores(environment), storeIds, model)
      check(follower, storeIds, model)
    }),
    { numRuns: 30 },
  )
  expect((await log.admin.verify()).problems).toEqual([])
})

/** A store whose rows are partly in the tree and partly in the journal. */
function openFolded(commits = 40) {
  const opened = openTestLog()
  const { embedded } = opened
  const [storeId = 0] = storeIdsOf(embedded, 'app', ['one'])
  for (let at = 0; at < commits; at++) {
    commit(embedded, embedded.state, (writer) => {
      for (let i = 0; i < 10; i++) {
        writer.put(storeId, 0, Buffer.from(`key ${(at * 10 + i * 7) % 97}`), valueOf(`value of ${at}`))
      }
    })
  }
  return { ...opened, storeId, stored: openStored(opened.dir) }
}

const rowsOf = ({ stored }: ReturnType<typeof openFolded>) => stored.rows('state').filter((row) => row.key.length > 4)

test('who writes rows may not do so after the commit', () => {
  const { embedded } = openTestLog()
  const [storeId = 0] = storeIdsOf(embedded, 'app', ['one'])
  let leaked: StateWriter | undefined
  const put = (writer: StateWriter | undefined) => writer?.put(storeId, 0, Buffer.from('key'), valueOf('value'))
  commit(embedded, embedded.state, (writer) => put((leaked = writer)))
  const over = { code: 'defect', message: expect.stringContaining('only inside the commit') as string }
  expect(errorOf(() => put(leaked))).toMatchObject(over)
  expect(errorOf(() => leaked?.remove(storeId, 0, Buffer.from('key')))).toMatchObject(over)
  expect(errorOf(() => leaked?.removeRange(storeId, 0, Buffer.of(0), Buffer.of(255)))).toMatchObject(over)
})

describe('verification', () => {
  test('finds nothing in a store that is partly folded', async () => {
    const folded = openFolded()
    expect(rowsOf(folded).length).toBeGreaterThan(10)
    expect(folded.stored.rows('journal').length).toBeGreaterThan(2)
    expect((await folded.log.admin.verify()).problems).toEqual([])
  })

  test.each<[string, (folded: ReturnType<typeof openFolded>) => void]>([
    ['a row that is missing', (folded) => folded.stored.remove('state', rowsOf(folded)[3]?.key ?? Buffer.of(0))],
    [
      'a row that is older than the last commit',
      (folded) => {
        const row = rowsOf(folded)[3]
        if (row === undefined) throw new Error('there is no row')
        const before = row.value
        for (let at = 0; at < 30; at++) {
          commit(folded.embedded, folded.embedded.state, (writer) => {
            writer.put(folded.storeId, 0, row.key.subarray(8), valueOf(`a newer value ${at}`))
          })
        }
        expect(
          rowsOf(folded)
            .find(({ key }) => key.equals(row.key))
            ?.value.equals(before),
        ).toBe(false)
        folded.stored.put('state', row.key, before)
      },
    ],
    [
      'a row too many',
      (folded) => {
        const row = rowsOf(folded)[3]
        if (row !== undefined) folded.stored.put('state', Buffer.concat([row.key, Buffer.of(1)]), row.value)
      },
    ],
    [
      'a piece of the journal that is missing',
      ({ stored }) => stored.remove('journal', stored.rows('journal')[1]?.key ?? Buffer.of(0)),
    ],
    [
      'the last piece missing',
      ({ stored }) => stored.remove('journal', stored.rows('journal').at(-1)?.key ?? Buffer.of(0)),
    ],
    ['a head that is missing', ({ stored }) => stored.remove('state', stored.rows('state')[0]?.key ?? Buffer.of(0))],
  ])('finds %s', async (_, damage) => {
    const folded = openFolded()
    damage(folded)
    folded.environment.refresh()
    expect((await folded.log.admin.verify()).problemCount).toBeGreaterThan(0)
  })
})

describe('a journal that is damaged', () => {
  test.each<[string, (folded: ReturnType<typeof openFolded>) => void]>([
    [
      'without one of its pieces',
      ({ stored }) => stored.remove('journal', stored.rows('journal')[1]?.key ?? Buffer.of(0)),
    ],
    ['without its head', ({ stored }) => stored.remove('state', stored.rows('state')[0]?.key ?? Buffer.of(0))],
  ])('%s is an error for whoever reads the store, never other rows', (_, damage) => {
    const folded = openFolded()
    damage(folded)
    folded.environment.refresh()
    const read = (): unknown => new StateStores(folded.environment).get(folded.storeId, 0, Buffer.from('key 1'))
    expect(errorOf(read)).toMatchObject({ code: 'damaged' })
    expect(errorOf(read)).toMatchObject({ code: 'damaged' })
  })
})

test('a journal that could not be read whole is read anew, and no piece is taken over twice', () => {
  const { embedded, environment, dir } = openTestLog()
  const [storeId = 0] = storeIdsOf(embedded, 'app', ['one'])
  for (let at = 0; at < 100; at++) {
    const work = (writer: StateWriter): void => writer.put(storeId, 0, Buffer.from(`key ${at}`), valueOf(`value ${at}`))
    commit(embedded, embedded.state, work, 1_048_576)
  }
  const stored = openStored(dir)
  const reader = new StateStores(environment)
  const read = (): string[] =>
    Array.from({ length: 100 }, (_, at) => reader.get(storeId, 0, Buffer.from(`key ${at}`))?.toString('utf8', 8) ?? '')
  const piece = present(stored.rows('journal')[90], 'there are more pieces than one page holds')
  stored.put('journal', piece.key, Buffer.from('damaged'))
  for (let i = 0; i < 2; i++) {
    environment.refresh()
    expect(errorOf(read)).toMatchObject({ code: 'damaged' })
  }
  stored.put('journal', piece.key, piece.value)
  environment.refresh()
  expect(read()).toEqual(Array.from({ length: 100 }, (_, at) => `value ${at}`))
})

describe('a range', () => {
  const removeAndCount = ({ embedded, environment, storeId }: ReturnType<typeof openFolded>) => {
    const keys = Array.from({ length: 1_000 }, (_, at) => Buffer.from(`a key ${at}`))
    for (const value of [valueOf('value'), undefined]) {
      commit(
        embedded,
        embedded.state,
        (writer) => {
          for (const key of keys) {
            if (value === undefined) writer.remove(storeId, 0, key)
            else writer.put(storeId, 0, key, value)
          }
        },
        8 * 1_048_576,
      )
    }
    const reads = vi.spyOn(environment, 'range')
    const found = (isReverse: boolean): number =>
      embedded.state.range(storeId, 0, Buffer.from('a'), Buffer.from('l'), 3, isReverse).length
    return { found, reads: () => reads.mock.calls.filter(([database]) => database === 'state').length }
  }

  test('of rows of which many are gone reads each row of the tree once', () => {
    const { found, reads } = removeAndCount(openFolded())
    expect(found(false)).toBe(3)
    expect(reads()).toBe(1)
  })

  test('of a store that is in its journal alone does not read the tree', () => {
    const { found, reads } = removeAndCount(openFolded(0))
    expect([found(false), found(true), reads()]).toEqual([0, 0, 0])
  })
})

describe('a range that is removed by a commit that changes no row', () => {
  test('is gone for those who start anew too: rows that were folded are still in pieces of the journal', async () => {
    const folded = openFolded()
    const { embedded, environment, storeId } = folded
    const rowsIn = (state: StateStores): string[] =>
      state.range(storeId, 0, Buffer.alloc(0), undefined, 1_000).map(({ key }) => key.toString())
    const names = rowsIn(embedded.state)
    expect(names.length).toBe(97)
    for (const name of names) {
      const from = Buffer.from(name)
      commit(embedded, embedded.state, (writer) => {
        writer.removeRange(storeId, 0, from, keyAfter(from))
      })
      expect(rowsIn(new StateStores(environment))).toEqual(rowsIn(embedded.state))
    }
    expect(rowsIn(embedded.state)).toEqual([])
    expect((await folded.log.admin.verify()).problems).toEqual([])
  })

  test('is counted by those who read the store before, and commit after it', async () => {
    const folded = openFolded()
    const { embedded, environment, storeId } = folded
    const follower = new StateStores(environment)
    const [from, to] = [Buffer.from('key 1'), Buffer.from('key 2')]
    const put = (state: StateStores, key: string): void =>
      commit(embedded, state, (writer) => {
        writer.put(storeId, 0, Buffer.from(key), valueOf(key))
      })
    for (let at = 0; at < 200 && folded.stored.rows('journal').length > 1; at++) put(embedded.state, 'other')
    commit(embedded, embedded.state, (writer) => {
      writer.removeRange(storeId, 0, from, to)
    })
    follower.get(storeId, 0, from)
    commit(embedded, embedded.state, (writer) => {
      writer.removeRange(storeId, 0, to, Buffer.from('key 3'))
    })
    for (let at = 0; at < 40; at++) put(follower, `key ${at}`)
    expect((await folded.log.admin.verify()).problems).toEqual([])
  })
})

describe('a journal', () => {
  test('stays within its bound, and no commit folds many times what others do', () => {
    const { embedded, environment } = openTestLog()
    const [storeId = 0] = storeIdsOf(embedded, 'app', ['one'])
    const bound = 65_536
    const folded: number[] = []
    let [journalMax, rowsBefore] = [0, 0]
    for (let at = 0; at < 600; at++) {
      commit(
        embedded,
        embedded.state,
        (writer) => {
          for (let i = 0; i < 40; i++) {
            const key = Buffer.from(`key ${Math.imul(at * 40 + i + 1, 0x9e3779b1) >>> 12}`)
            writer.put(storeId, 0, key, valueOf('some value or other'))
          }
        },
        bound,
      )
      journalMax = Math.max(journalMax, embedded.state.memoryBytes([storeId]))
      const rows = environment.rowCount('state')
      folded.push(rows - rowsBefore)
      rowsBefore = rows
    }
    expect(journalMax).toBeLessThan(3 * bound)
    const steady = folded.slice(200).toSorted((a, b) => a - b)
    const median = steady[steady.length >> 1] ?? 0
    expect(median).toBeGreaterThan(20)
    expect(Math.max(...folded)).toBeLessThan(10 * median)
  })

  test('that holds all rows many times over does not fold faster and faster until it is empty', () => {
    const { embedded } = openTestLog()
    const [storeId = 0] = storeIdsOf(embedded, 'app', ['one'])
    const due = vi.spyOn(Folding.prototype, 'due')
    for (let at = 0; at < 400; at++) {
      commit(
        embedded,
        embedded.state,
        (writer) => {
          for (let i = 0; i < 500; i++) {
            const mixed = Math.imul(at * 500 + i + 1, 0x85ebca6b)
            const key = Buffer.from(`key ${Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 20}`)
            writer.put(storeId, 0, key, valueOf('some value or other'))
          }
        },
        32 * 1_048_576,
      )
    }
    const folded = due.mock.results.map(({ value }) => value as number)
    due.mockRestore()
    const steady = folded.slice(200).toSorted((a, b) => a - b)
    const median = steady[steady.length >> 1] ?? 0
    expect(median).toBeGreaterThan(20)
    expect(Math.max(...folded)).toBeLessThan(4 * median)
  })

  test('of rows that change all the time is a few times as large as they are', () => {
    const { embedded } = openTestLog()
    const [storeId = 0] = storeIdsOf(embedded, 'app', ['one'])
    for (let at = 0; at < 2_000; at++) {
      commit(
        embedded,
        embedded.state,
        (writer) => {
          for (let i = 0; i < 10; i++) writer.put(storeId, 0, Buffer.from(`key ${i}`), valueOf(`value ${at}`))
        },
        32 * 1_048_576,
      )
    }
    expect(embedded.state.memoryBytes([storeId])).toBeLessThan(600_000)
  })
})

test('what a journal has when it is opened is found at once, and gets into its table bit by bit', () => {
  const { embedded, environment } = openTestLog()
  const [storeId = 0] = storeIdsOf(embedded, 'application', ['one'])
  const owner = new StateStores(environment)
  let commits = 0
  const change = (): void => {
    const value = valueOf(String(++commits))
    const put = (row: number): Buffer => Buffer.from(`key ${(commits * 10 + row) % 640}`)
    commit(
      embedded,
      owner,
      (writer) => {
        for (let row = 0; row < 10; row++) writer.put(storeId, 0, put(row), value)
      },
      2 ** 25,
    )
  }
  for (let at = 0; at < 64; at++) change()
  const journal = new StoreJournal(storeId, environment)
  const read = (): void => {
    environment.refresh()
    journal.refresh()
  }
  read()
  const rows = present(journal.rows(0), 'the partition has rows')
  const valueAt = (key: string): string | undefined => rows.copyOfValue(rows.find(Buffer.from(key)))?.toString()
  expect([rows.count, valueAt('key 5'), valueAt('key 639'), rows.count]).toEqual([
    0,
    valueOf('64').toString(),
    valueOf('63').toString(),
    2,
  ])
  let steps = 0
  for (; !journal.isTakenOver; steps++) {
    change()
    read()
  }
  expect(steps).toBeGreaterThan(4)
  expect(steps).toBeLessThan(16)
  expect(rows.count).toBe(640)
  for (let last = commits - 63; last <= commits; last++) {
    for (let row = 0; row < 10; row++) {
      expect(valueAt(`key ${(last * 10 + row) % 640}`)).toBe(valueOf(String(last)).toString())
    }
  }
})

test('of the pieces of an opened journal only those rows are taken over that are not in the tree', () => {
  const { dir, embedded, environment } = openTestLog()
  const [storeId = 0] = storeIdsOf(embedded, 'application', ['one'])
  const owner = new StateStores(environment)
  const stored = openStored(dir)
  const rowsInAll = 600
  const rowsInTree = new Set<number>()
  const put = (writer: StateWriter, row: number): void => {
    const key = Buffer.from(`key ${(row * 257) % rowsInAll}`)
    writer.put(storeId, row % 3 === 0 ? 7 : 0, key, valueOf(String(row)))
  }
  for (let rows = 12; rows <= rowsInAll; rows += 12) {
    commit(embedded, owner, (writer) => {
      for (let row = rows - 12; row < rows; row++) put(writer, row)
    })
    const journal = new StoreJournal(storeId, environment)
    environment.refresh()
    journal.refresh()
    journal.takeOverAll()
    const inTree = stored.rows('state').length - 1 // one is the head
    rowsInTree.add(inTree)
    const taken = [...journal.partitions.values()].reduce((total, { count }) => total + count, 0)
    expect(taken).toBe(rows - inTree)
  }
  expect(rowsInTree.size).toBeGreaterThan(10)
})
