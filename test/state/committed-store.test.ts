// What queries read: all partitions merged in the order of the layout, and nothing that cannot be decoded.
import fc from 'fast-check'
import { int64 } from 'millrace'
import { expect, test } from 'vitest'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import { keyOf } from '../../src/plan/store.ts'
import { keyLayout, segmentLayout, windowLayout } from '../../src/plan/store-layout.ts'
import { type CommittedGround, CommittedStore } from '../../src/state/committed-store.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { specOf, World } from './ordered-world.ts'

test.each([
  ['key', keyLayout({ isOrdered: true })],
  ['time', windowLayout(1e9, { isOrdered: true })],
  ['segment', segmentLayout(1e9, { isNumbered: true })],
])('rows of several partitions come in the one order of layout %s, from both ends', (_, layout) => {
  const { environment } = openTestLog()
  const places = fc.record({ partition: fc.nat({ max: 2 }), key: fc.nat({ max: 20 }), at: fc.nat({ max: 5 }) })
  fc.assert(
    fc.property(fc.array(places, { maxLength: 25 }), (list) => {
      const world = new World(environment, layout)
      const partitions = [world, world.ofPartition(1), world.ofPartition(2)]
      for (const one of partitions) one.begin()
      for (const { partition, key, at } of list) {
        // A key is in one partition.
        partitions[partition]?.put(`${partition}${key % 10}`, layout.order === 'key' ? 0 : at, 0, 'v', at)
      }
      for (const one of partitions) one.commit()
      const each = partitions.flatMap((one) => one.rows())
      const all = world.committedRows({}, 3)
      expect(all).toHaveLength(each.length)
      const placeOf = ({ key, at }: { readonly key: string; readonly at: number }): string =>
        layout.order === 'time' ? `${at} ${key}` : `${key} ${at}`
      expect(all.map(placeOf)).toEqual(each.map(placeOf).toSorted())
      expect(world.committedRows({ isReverse: true }, 3)).toEqual(all.toReversed())
    }),
    { numRuns: 30 },
  )
})

test('a row that does not decode is told with its store, key and partition', () => {
  const { environment } = openTestLog()
  const world = new World(environment, segmentLayout(1e9)).ofPartition(1)
  world.begin()
  world.put('61', 5, 0, 'v', 1)
  world.commit()
  const ground: CommittedGround = {
    reader: world.reader,
    refresh: () => undefined,
    spec: specOf(world.layout),
    storeId: world.storeId,
    partitions: 2,
  }
  const numbers = codecOf(int64()) as Codec<unknown>
  const expected = { code: 'undecodable', store: 'rows', partition: 1 }
  const values = new CommittedStore<Uint8Array, number>({ ...ground, spec: { ...ground.spec, valueCodec: numbers } })
  const told = { ...expected, message: expect.stringMatching(/store "rows", partition 1, key "a.*int64/) }
  expect(errorOf(() => [...values.rows()])).toMatchObject(told)
  expect(errorOf(() => values.get(keyOf<Uint8Array>(new Uint8Array([0x61])), 5))).toMatchObject(told)
  const keys = new CommittedStore<number, string>({ ...ground, spec: { ...ground.spec, keyCodec: numbers } })
  expect(errorOf(() => [...keys.rows()])).toMatchObject({ ...expected, message: expect.stringContaining('key "a') })
  const another = new CommittedStore<Uint8Array, string>({
    ...ground,
    spec: specOf(segmentLayout(1e9, { isNumbered: true })),
  })
  expect(errorOf(() => [...another.rows()])).toMatchObject({ ...expected, message: expect.stringContaining('cut off') })
})
