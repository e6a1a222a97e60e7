// What an ordered store promises beside its order: what a read costs, what expires when, and what a turn leaves behind.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { int64 } from 'millrace'
import { ByteWriter } from '../../src/core/bytes.ts'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import { keyOf, ordered } from '../../src/plan/store.ts'
import { keyLayout, segmentLayout, type StoreLayout, windowLayout } from '../../src/plan/store-layout.ts'
import { TurnScope } from '../../src/runtime/turn.ts'
import { keyLayoutOf } from '../../src/state/layout.ts'
import { openStore } from '../../src/state/open-store.ts'
import type { StateWriter } from '../../src/storage/state-rows.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { hexKeys, layouts, shown, specOf, times, World } from './ordered-world.ts'

const worldOf = (layout: StoreLayout): World => new World(openTestLog().environment, layout)
const keyNumber = (number: number): string => number.toString(16).padStart(8, '0')

describe.each(layouts)('%s', (_, layout) => {
  const at = layout.order === 'key' ? 0 : 10

  test('a range sees the turn’s own writes and is undone with it', () => {
    const world = worldOf(layout)
    world.begin()
    world.put('01', at, 0, 'committed', 1)
    world.put('02', at, 0, 'committed', 1)
    world.commit()
    world.begin()
    world.store.remove(world.row('01', at, 0))
    world.put('02', at, 0, 'changed', 2)
    world.put('03', at, 0, 'new', 2)
    expect(world.rows().map(({ key, value }) => `${key} ${value}`)).toEqual(['02 changed', '03 new'])
    world.undo()
    world.begin()
    expect(world.rows().map(({ key, value }) => `${key} ${value}`)).toEqual(['01 committed', '02 committed'])
  })

  test('one row stands for a key, whether a range or the key found it', () => {
    const world = worldOf(layout)
    world.begin()
    world.put('01', at, 0, 'a', 1)
    world.commit()
    world.age()
    world.begin()
    const [found] = [...world.store.rows()]
    if (found === undefined) throw new Error('the row is gone')
    world.put('01', at, 0, 'b', 2)
    world.store.put(found, 'c', 3)
    expect(world.rows()).toMatchObject([{ value: 'c', timestamp: 3 }])
    expect(world.row('01', at, 0).value).toBe('c')
    world.commit() // names it once
    expect(world.committedRows()).toMatchObject([{ value: 'c', timestamp: 3 }])
  })

  test('a key says its place again', () => {
    const layoutOf = keyLayoutOf(layout)
    fc.assert(
      fc.property(hexKeys, times, fc.nat({ max: 9 }), (hex, time, number) => {
        const key = Buffer.from(hex, 'hex')
        const place = {
          keyBytes: key,
          keyEnd: key.length,
          at: layoutOf.hasTimes ? time : 0,
          number: layoutOf.isNumbered ? number : 0,
        }
        const stored = layoutOf.storedKey(key, key.length, place.at, place.number)
        const read = layoutOf.placeOf(stored)
        expect(read).toMatchObject({ keyEnd: place.keyEnd, at: place.at, number: place.number })
        expect(read.keyBytes.toString('hex', 0, read.keyEnd)).toBe(hex)
        const text = stored.toString('latin1')
        const due = new ByteWriter(64)
        layoutOf.writeDueKey(due, 7, layoutOf.commonKeyOf(text), place.at, place.number)
        const entry = due.written.toString('latin1')
        const [ended, at, count] = [
          layoutOf.commonKeyOfDue(entry),
          layoutOf.timeOfText(entry),
          layoutOf.numberOfText(entry),
        ]
        expect({ due: layoutOf.dueOf(entry), at, number: count }).toEqual({
          due: 7,
          at: place.at,
          number: place.number,
        })
        expect(layoutOf.textOf(layoutOf.front(at), ended, at, count)).toBe(text)
        const inTopic = Buffer.from(layoutOf.placeOf(stored).keyBytes)
        const [common, written] = [new ByteWriter(64), new ByteWriter(64)]
        if (layoutOf.order !== 'segment') {
          layoutOf.writeKeyOfText(written, text)
          expect(written.written).toEqual(inTopic)
          expect(layoutOf.keyEndOfText(text)).toBe(key.length)
          return
        }
        layoutOf.writeCommonKey(common, key, key.length)
        const shared = layoutOf.commonKeyOf(text)
        expect(shared).toBe(common.copyFrom(0).toString('latin1'))
        expect(layoutOf.keyEndOf(shared)).toBe(key.length)
        expect([layoutOf.timeOfText(text), layoutOf.numberOfText(text)]).toEqual([place.at, place.number])
        layoutOf.writeKeyOf(written, shared, place.at, place.number)
        expect(written.written).toEqual(inTopic)
        expect(layoutOf.textOf(layoutOf.front(place.at), shared, place.at, place.number)).toBe(text)
      }),
      { numRuns: 40 },
    )
  })
})

describe('what a commit writes', () => {
  test.each([
    ['asked for by key alone', keyLayout()],
    ['in order', keyLayout({ isOrdered: true })],
    ['in order with due times', keyLayout({ hasDueTimes: true })],
  ])('of a row that came and went since the last one is nothing: %s', (_, layout) => {
    const { reader, storeId } = worldOf(layout)
    const turn = new TurnScope()
    const store = openStore({ spec: specOf(layout), storeId, partition: 0, reader, turn, streamTime: undefined })
    const rowOf = (hex: string) => store.row(keyOf<unknown>(new Uint8Array(Buffer.from(hex, 'hex'))))
    const written: string[] = []
    const note =
      (what: string) =>
      (_id: number, _partition: number, key: Buffer): void => {
        written.push(`${what} ${key.subarray(-1).toString('hex')}`)
      }
    const writer: StateWriter = { put: note('put'), remove: note('remove'), removeRange: () => undefined }
    const commit = (): string[] => {
      store.write(writer)
      store.committed()
      return written.splice(0)
    }
    turn.begin()
    for (const key of ['01', '02', '03']) store.put(rowOf(key), 'v', 1)
    store.remove(rowOf('01'))
    expect(commit()).toEqual(['put 02', 'put 03'])
    turn.begin()
    store.remove(rowOf('02'))
    store.put(rowOf('04'), 'v', 1)
    turn.undo()
    turn.begin()
    store.remove(rowOf('03'))
    store.put(rowOf('03'), 'again', 2)
    store.remove(rowOf('03'))
    expect(commit()).toEqual(['put 02', 'remove 03'])
    turn.begin()
    store.put(rowOf('03'), 'v', 3)
    store.remove(rowOf('03'))
    expect(commit()).toEqual([])
  })

  test('of a row whose time has passed is nothing, though its segment is still there', () => {
    const world = worldOf(segmentLayout(150_000))
    world.begin()
    world.put('01', 1_000, 0, 'v', 1)
    world.put('02', 1_001, 0, 'v', 1)
    world.time.advance(151_000)
    world.commit()
    expect(world.committedRows().map(({ key }) => key)).toEqual(['02'])
    expect(world.storedCount()).toBe(1)
  })

  test('of a row that is gone and comes again is one thing, however often it was looked for between', () => {
    const world = worldOf(segmentLayout(150_000))
    const rows = (): string[] => {
      world.begin()
      return world.rowsOf({ key: '01', fromTime: 0, toTime: 100 }).map(({ value }) => value)
    }
    expect(rows()).toEqual([])
    world.put('01', 10, 0, 'first', 1)
    world.commit()
    for (const value of ['again', 'and again']) {
      world.begin()
      world.store.remove(world.row('01', 10, 0))
      expect(rows()).toEqual([])
      world.put('01', 10, 0, value, 2)
      expect(rows()).toEqual([value])
    }
    world.commit()
    expect(world.committedRows()).toMatchObject([{ value: 'and again' }])
    world.begin()
    world.store.remove(world.row('01', 10, 0))
    expect(rows()).toEqual([])
    world.commit()
    expect(world.storedCount()).toBe(0)
  })
})

describe('what a read costs', () => {
  test('one key’s rows over time are found without a scan of other keys', () => {
    const world = worldOf(segmentLayout(1_000_000))
    world.begin()
    for (let key = 0; key < 500; key++) {
      for (let time = 0; time < 1_000_000; time += 100_000) world.put(keyNumber(key), time, 0, 'v', time)
    }
    world.commit()
    world.age()
    world.begin()
    world.reads.calls = world.reads.rows = 0
    expect(world.rows({ key: keyNumber(250), fromTime: 100_000, toTime: 800_000 })).toHaveLength(8)
    expect(world.reads).toEqual({ calls: 2, rows: 8 }) // one page for each of two segments
    expect(world.rows({ key: keyNumber(250) })).toHaveLength(10)
    expect(world.reads.rows).toBeLessThan(8 + 10 + 4)
    expect(world.committedRows({ key: keyNumber(250) })).toHaveLength(10)
    expect(world.reads.rows).toBeLessThan(8 + 2 * (10 + 4))
  })

  test('a key’s windows are found by two look-ups for each window that there is', () => {
    const world = worldOf(windowLayout(1e9, { isOrdered: true }))
    world.begin()
    for (let key = 0; key < 100; key++)
      for (const start of [0, 5_000, 900_000]) world.put(keyNumber(key), start, 0, 'v', 1)
    world.commit()
    world.age()
    world.begin()
    world.reads.calls = world.reads.rows = 0
    expect(world.rows({ key: keyNumber(50), fromTime: 0, toTime: 1_000_000 })).toHaveLength(3)
    expect(world.reads.calls).toBeLessThanOrEqual(2 * 3 + 1)
    expect(world.reads.rows).toBeLessThanOrEqual(2 * 3)
  })

  test('the first of many rows is a short page', () => {
    const world = worldOf(keyLayout({ isOrdered: true }))
    world.begin()
    for (let key = 0; key < 2_000; key++) world.put(keyNumber(key), 0, 0, 'v', 1)
    world.commit()
    world.age()
    world.begin()
    world.reads.rows = 0
    const [first] = world.store.rows()
    expect(first?.value).toBe('v')
    expect(world.reads.rows).toBe(16)
    expect([...world.store.rows()]).toHaveLength(2_000)
  })

  test('a queue does not pass over again what it has taken out since the commit', () => {
    const world = worldOf(keyLayout({ isOrdered: true }))
    world.begin()
    for (let key = 0; key < 2_000; key++) world.put(keyNumber(key), 0, 0, 'v', 1)
    world.commit()
    world.reads.rows = 0
    for (let key = 0; key < 1_000; key++) {
      world.begin()
      const [first] = world.store.rows()
      if (first === undefined) throw new Error('the queue is empty')
      expect(shown(first).key).toBe(keyNumber(key))
      world.store.remove(first)
    }
    expect(world.reads.rows).toBeLessThanOrEqual(1_000 * 16)
    world.commit()
    world.begin()
    world.put(keyNumber(5), 0, 0, 'again', 2)
    world.commit()
    world.age()
    world.begin()
    expect(world.rows()[0]).toMatchObject({ key: keyNumber(5), value: 'again' })
  })

  test('a queue of which nothing is due reads nothing, over commits too, and sees what is put at its front', () => {
    const world = worldOf(keyLayout({ hasDueTimes: true }))
    world.begin()
    for (let key = 0; key < 1_000; key++) world.store.setDue(world.put(keyNumber(key), 0, 0, 'v', 1), key)
    world.commit()
    for (let taken = 0; taken < 500; taken += 100) {
      world.begin()
      for (const row of world.store.dueRows(499, 100)) world.store.remove(row)
      world.commit()
    }
    world.begin()
    expect(world.store.dueRows(499)).toEqual([])
    world.reads.calls = 0
    for (let step = 0; step < 100; step++) {
      expect(world.store.dueRows(499)).toEqual([])
      world.put(keyNumber(999), 0, 0, `${step}`, 1)
      world.commit()
      world.begin()
    }
    expect(world.reads.calls).toBe(0)
    world.store.setDue(world.put(keyNumber(2_000), 0, 0, 'early', 1), 3)
    world.commit()
    world.age()
    world.begin()
    expect(world.store.dueRows(499).map(shown)).toMatchObject([{ key: keyNumber(2_000), due: 3 }])
    expect(world.store.dueRows(500).map(({ due }) => due)).toEqual([3, 500])
  })

  test('a range that is longer than memory stays out of it', () => {
    const world = worldOf(keyLayout({ isOrdered: true }))
    world.begin()
    for (let key = 0; key < 2_000; key++) world.put(keyNumber(key), 0, 0, 'v', 1)
    world.commit()
    world.age()
    world.begin()
    expect([...world.store.rows()]).toHaveLength(2_000)
    expect(world.store.memoryBytes).toBe(0)
  })
})

describe('due rows', () => {
  test('come in order of due time, at most 1,000 at a time, and what is released does not come again', () => {
    const world = worldOf(segmentLayout(1e9, { hasDueTimes: true }))
    world.begin()
    for (let key = 0; key < 2_500; key++)
      world.store.setDue(world.put(keyNumber(key), key, 0, 'v', 1), (key * 7) % 2_500)
    world.commit()
    world.age()
    const released: number[] = []
    for (const count of [1_000, 1_000, 499]) {
      world.begin()
      const rows = world.store.dueRows(2_498)
      expect(rows).toHaveLength(count)
      for (const row of rows) {
        released.push(row.due)
        if (row.at % 2 === 0) world.store.remove(row)
        else world.store.setDue(row, -1)
      }
      if (count === 1_000) world.commit()
    }
    expect(released).toEqual(Array.from({ length: 2_499 }, (_, due) => due))
    expect(world.store.dueRows(2_498)).toEqual([])
    expect(world.store.dueRows(2_499)).toHaveLength(1)
    world.commit()
    expect(world.storedCount()).toBe(1_250 + 1) // the odd rows, and the entry of the one that is not due yet
  })

  test('that a turn released are due again when it is undone', () => {
    const world = worldOf(keyLayout({ hasDueTimes: true }))
    world.begin()
    for (const key of ['01', '02']) world.store.setDue(world.put(key, 0, 0, 'v', 1), 5)
    for (const isCommitted of [false, true]) {
      if (isCommitted) world.commit()
      world.begin()
      for (const row of world.store.dueRows(5)) world.store.remove(row)
      expect(world.store.dueRows(5)).toEqual([])
      world.undo()
      world.begin()
      expect(world.store.dueRows(5).map(({ keyBytes }) => keyBytes.toString('hex'))).toEqual(['01', '02'])
    }
  })
})

describe('expiry', () => {
  const retentionMs = 200_000

  test.each([
    ['by time', windowLayout(retentionMs, { hasDueTimes: true })],
    ['by segment', segmentLayout(retentionMs, { hasDueTimes: true })],
  ])('%s removes what has expired and its entries, in one range', (_, layout) => {
    const world = worldOf(layout)
    world.begin()
    for (let time = 0; time < 400_000; time += 1_000) {
      world.store.setDue(world.put('01', time, 0, 'v', time), time + retentionMs)
    }
    world.commit()
    world.age()
    world.begin()
    world.time.advance(399_999)
    const left = world.rows()
    expect(left[0]?.at).toBe(200_000)
    expect(left).toHaveLength(200)
    expect(world.store.dueRows(399_999).every(({ at }) => at >= 200_000)).toBe(true)
    world.commit()
    expect(world.storedCount()).toBe(200 + 200) // rows and entries
    world.begin()
    world.time.advance(1e9)
    expect(world.rows()).toEqual([])
    world.commit()
    expect(world.storedCount()).toBe(200) // entries of rows that expired before anyone asked for what is due
    world.begin()
    expect(world.store.dueRows(2e9)).toEqual([])
    world.commit()
    expect(world.storedCount()).toBe(0)
  })

  test('is judged by stream time, not by whether a commit has come since', () => {
    for (const isCommitted of [false, true]) {
      const world = worldOf(segmentLayout(retentionMs))
      world.begin()
      world.put('01', 0, 0, 'v', 0)
      if (isCommitted) world.commit()
      world.begin()
      world.time.advance(retentionMs)
      expect(world.row('01', 0, 0).exists).toBe(false)
      world.put('01', 0, 0, 'too late', 0)
      expect(world.rows()).toEqual([])
      expect(world.row('01', 0, 0).exists).toBe(false)
      expect(world.store.expiredBefore).toBe(1)
    }
  })

  test('is asked for the rows of a key in new segments without a look at the disk', () => {
    const world = worldOf(segmentLayout(10_000, { isNumbered: true }))
    world.begin()
    expect(world.rowsOf({ key: '01', fromTime: 0, toTime: 100_000 })).toEqual([])
    for (let at = 0; at < 20_000; at += 100) {
      world.begin()
      world.time.advance(at)
      world.put(at % 200 === 0 ? '01' : '02', at, at, `${at}`, at)
      if (at % 1_000 === 0) world.commit()
    }
    world.begin()
    const before = world.reads.calls
    const found = world.rowsOf({ key: '01', fromTime: 0, toTime: 100_000 })
    expect(found.map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, index) => 10_000 + 200 * index))
    expect(world.reads.calls).toBe(before)
    world.age() // rows in memory are bytes now
    expect(world.rowsOf({ key: '01', fromTime: 0, toTime: 100_000 })).toEqual(found)
    expect(world.row('01', 10_001, 0).exists).toBe(false)
    expect(world.reads.calls).toBe(before)
    expect(world.store.memoryBytes).toBeLessThan(100 * 200)
    world.forget(false)
    expect(world.rowsOf({ key: '01', fromTime: 15_000, toTime: 100_000 })).toHaveLength(25)
    expect(world.reads.calls).toBe(before)
    expect(world.rowsOf({ key: '01', fromTime: 0, toTime: 100_000 })).toEqual(found)
    expect(world.reads.calls).toBeGreaterThan(before)
  })

  test('keeps the newer rows of a segment when memory is short: the newest are found without a read', () => {
    const world = worldOf(segmentLayout(1_000_000))
    world.begin()
    for (let at = 0; at < 20_000; at += 100) world.put(at % 200 === 0 ? '01' : '02', at, 0, `${at}`, at)
    const all = { key: '01', fromTime: 0, toTime: 20_000 }
    const newest = { ...all, fromTime: 16_000, reachTime: 0 }
    expect(world.rowsOf(all)).toHaveLength(100)
    world.commit()
    world.age()
    const whole = world.store.memoryBytes
    world.forget(false)
    expect(world.store.memoryBytes).toBeLessThan(0.7 * whole)
    world.begin()
    let before = world.reads.calls
    const found = world.rowsOf(newest)
    expect(found.map(({ at }) => at)).toEqual(Array.from({ length: 21 }, (_, index) => 15_800 + 200 * index))
    expect(world.edgesOf(newest).map((row) => row?.at)).toEqual([16_000, 19_800])
    world.put('01', 16_100, 0, 'between', 16_100)
    const edges = (fromTime: number, toTime: number) =>
      world.edgesOf({ ...all, fromTime, toTime }).map((row) => row?.at)
    expect(edges(15_950, 16_150)).toEqual([16_000, 16_100])
    expect(edges(16_050, 16_250)).toEqual([16_100, 16_200])
    world.store.remove(world.row('01', 18_000, 0))
    expect(world.rowsOf(newest)).toHaveLength(21)
    expect(edges(18_000, 18_100)).toEqual([undefined, undefined])
    expect(world.reads.calls).toBe(before)
    expect(world.rowsOf(all)).toHaveLength(100)
    expect(world.edgesOf(all).map((row) => row?.at)).toEqual([0, 19_800])
    expect(world.reads.calls).toBeGreaterThan(before)
    world.undo()
    expect(world.rowsOf(newest)).toEqual(found)
    world.begin()
    world.store.remove(world.row('01', 100, 0))
    world.put('01', 200, 0, 'changed', 200)
    world.store.remove(world.row('01', 15_800, 0))
    world.put('01', 19_000, 0, 'the newest', 19_000)
    world.commit()
    world.store.forget() // rows that are still objects are kept too
    world.begin()
    before = world.reads.calls
    expect(world.edgesOf({ ...all, fromTime: 19_000 }).map((row) => row?.value)).toEqual(['the newest', '19800'])
    expect(world.reads.calls).toBe(before)
    world.forget(true)
    expect(world.store.memoryBytes).toBe(0)
    world.begin()
    before = world.reads.calls
    expect(world.rowsOf(newest).map(({ at }) => at)).toEqual([15_600, ...found.slice(1).map(({ at }) => at)])
    expect(world.rowsOf({ ...all, toTime: 400 }).map(({ value }) => value)).toEqual(['0', 'changed', '400'])
    expect(world.reads.calls).toBeGreaterThan(before)
  })

  test('is asked for the rows of a key without a look at the disk when all of them came before the first commit', () => {
    const world = worldOf(segmentLayout(10_000, { isNumbered: true }))
    world.begin()
    for (const at of [100, 6_000, 200]) world.put('01', at, 0, `${at}`, at)
    const gone = world.put('01', 300, 0, 'gone', 300)
    world.store.remove(gone)
    const found = world.rowsOf({ key: '01', fromTime: 0, toTime: 10_000 })
    expect(found.map(({ at }) => at)).toEqual([100, 200, 6_000])
    world.commit()
    world.begin()
    const before = world.reads.calls
    expect(world.rowsOf({ key: '01', fromTime: 0, toTime: 10_000 })).toEqual(found)
    world.put('01', 300, 0, 'again', 300)
    expect(world.rowsOf({ key: '01', fromTime: 0, toTime: 10_000 }).map(({ at }) => at)).toEqual([100, 200, 300, 6_000])
    expect(world.reads.calls).toBe(before)
    world.commit()
    world.restart()
    world.begin()
    expect(world.rows({}).map(({ at }) => at)).toEqual([100, 200, 300, 6_000])
  })

  describe('reads segments that a restart left as a whole', () => {
    /** Two segments with rows of two keys, of which one has a row that was changed after the restart, and one removed. */
    const restarted = () => {
      const world = worldOf(segmentLayout(10_000, { isNumbered: true }))
      world.begin()
      world.time.advance(9_999)
      for (let at = 0; at < 10_000; at += 100) world.put(at % 200 === 0 ? '01' : '02', at, 0, `${at}`, at)
      world.commit()
      world.restart()
      world.begin()
      world.put('01', 200, 0, 'changed', 200)
      world.store.remove(world.row('01', 400, 0))
      world.commit()
      world.begin()
      world.put('01', 600, 0, 'changed too', 600)
      world.store.remove(world.row('01', 6_000, 0))
      return world
    }
    const all = { key: '01', fromTime: 0, toTime: 10_000 }
    const ask = (world: World, times: number): void => {
      for (let at = 0; at < times; at++) world.rowsOf({ ...all, key: '03' })
    }

    test('once that costs no more than the reads of single keys have', () => {
      const world = restarted()
      const found = world.rowsOf(all)
      expect(found).toHaveLength(48)
      expect(found.slice(0, 3).map(({ value }) => value)).toEqual(['0', 'changed', 'changed too'])
      let before = world.reads.calls
      ask(world, 100)
      expect(world.reads.calls).toBeGreaterThan(before + 99)
      ask(world, 4_096)
      before = world.reads.calls
      expect(world.rowsOf(all)).toEqual(found)
      world.undo()
      expect(world.rowsOf(all)[2]?.value).toBe('600')
      expect(world.rowsOf(all)).toHaveLength(49)
      expect(world.row('01', 400, 0).exists).toBe(false)
      expect(world.row('02', 100, 0).value).toBe('100')
      expect(world.reads.calls).toBe(before)
      world.begin()
      world.put('01', 800, 0, 'last', 800)
      world.commit()
      world.restart()
      world.begin()
      const stored = world.rows({}).filter(({ key }) => key === '01')
      expect(stored.map(({ value }) => value).slice(0, 4)).toEqual(['0', 'changed', '600', 'last'])
      expect(stored).toHaveLength(49)
    })

    test('the newest ones, as far as there is room', () => {
      const world = restarted()
      const found = world.rowsOf(all)
      world.roomBytes = 0
      ask(world, 4_096)
      let before = world.reads.calls
      expect(world.rowsOf({ ...all, fromTime: 5_000 })).toEqual(found.filter(({ at }) => at >= 5_000))
      expect(world.reads.calls).toBeGreaterThan(before)
      world.roomBytes = 8_000
      ask(world, 4 * 4_096)
      before = world.reads.calls
      expect(world.rowsOf({ ...all, fromTime: 5_000 })).toEqual(found.filter(({ at }) => at >= 5_000))
      expect(world.reads.calls).toBe(before)
    })

    test('not those that were given up for want of room', () => {
      const world = restarted()
      const found = world.rowsOf(all)
      ask(world, 4_096)
      world.commit()
      world.forget(true)
      world.begin()
      const before = world.reads.calls
      ask(world, 2 * 4_096)
      expect(world.reads.calls).toBeGreaterThan(before + 8_000)
      expect(world.rowsOf(all)).toEqual(found)
    })
  })

  test('keeps a segment of at least a second, and of half the retention', () => {
    expect(segmentLayout(10).segmentMs).toBe(1_000)
    expect(segmentLayout(600_001).segmentMs).toBe(300_000)
  })
})

describe('a mistake is told', () => {
  test('a key that is too long, with the zeros that count twice', () => {
    const world = worldOf(segmentLayout(1e9, { isNumbered: true }))
    world.begin()
    const longest = 'ab'.repeat(4_026 - 8 - 10 - 16)
    world.put(longest, 2 ** 52, 1, 'v', 1)
    world.commit()
    expect(world.rows({ key: longest })).toHaveLength(1)
    expect(errorOf(() => world.row(`${longest}ab`, 0, 0))).toMatchObject({ code: 'key_too_long', store: 'rows' })
    const zeros = errorOf(() => world.row('00'.repeat(2_000), 0, 0))
    expect(zeros).toMatchObject({ code: 'key_too_long', message: expect.stringContaining('2000 zeros') })
  })

  test('a row that does not decode, with its store, key and partition', () => {
    const world = worldOf(keyLayout({ isOrdered: true }))
    world.begin()
    world.put('61', 0, 0, 'v', 1)
    world.commit()
    const key = keyOf<unknown>(new Uint8Array([0x61]))
    const spec = { ...specOf(world.layout), valueCodec: codecOf(int64()) as Codec<unknown> }
    const ground = { spec, storeId: world.storeId, partition: 0, reader: world.reader, turn: new TurnScope() }
    const expected = { code: 'undecodable', store: 'rows', partition: 0, message: expect.stringContaining('key "a"') }
    for (const layout of [world.layout, keyLayout()]) {
      const store = openStore({ ...ground, spec: { ...spec, layout }, streamTime: undefined })
      expect(errorOf(() => store.row(key))).toMatchObject(expected)
    }
    const store = ordered(openStore({ ...ground, streamTime: undefined }))
    expect(errorOf(() => [...store.rows()])).toMatchObject(expected)
  })

  test('order that the layout does not have, and a walk that outlives its turn', () => {
    const world = worldOf(keyLayout({ isOrdered: true }))
    const plain = openStore({
      spec: specOf(keyLayout()),
      storeId: world.storeId,
      partition: 0,
      reader: world.reader,
      turn: new TurnScope(),
      streamTime: undefined,
    })
    expect(errorOf(() => ordered(plain))).toMatchObject({ code: 'defect' })
    world.begin()
    for (const key of ['01', '02']) world.put(key, 0, 0, 'v', 1)
    const walk = world.store.rows()
    walk.next()
    world.begin()
    expect(errorOf(() => walk.next())).toMatchObject({ code: 'defect' })
    expect(errorOf(() => world.store.setDue(world.row('01', 0, 0), 1))).toMatchObject({ code: 'defect' })
  })
})
