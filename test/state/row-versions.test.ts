// What an opened journal has is given up version by version while it is taken over, and the rest is still found.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { handAtFirst } from '../../src/storage/state/hand.ts'
import { hashOf, pieceOf, PieceWriter, walkPiece } from '../../src/storage/state/piece.ts'
import { Pieces } from '../../src/storage/state/pieces.ts'
import { RowVersions } from '../../src/storage/state/row-versions.ts'

/** Each piece has each of its keys once. */
function noted(keysOfPieces: readonly (readonly number[])[]) {
  const pieces = new Pieces()
  const versions = new RowVersions(pieces)
  for (const [index, keys] of keysOfPieces.entries()) {
    const writer = new PieceWriter()
    for (const key of keys) writer.row(0, bytesOf(key), Buffer.from(`value in ${index}`))
    const bytes = pieceOf(handAtFirst, writer.take())
    const sequence = index + 1
    pieces.push({ sequence, bytes, live: 0, folded: 0 })
    const row = (_: number, its: Buffer, at: number): void => versions.add(hashAt(its, at), at, sequence)
    walkPiece(bytes, { row, range: () => undefined })
  }
  return { pieces, versions }
}

const bytesOf = (key: number): Buffer => Buffer.from(`key ${key}`)
const hash = (key: number): number => hashOf(bytesOf(key), 0, bytesOf(key).length)
const hashAt = (bytes: Buffer, at: number): number => hashOf(bytes, at + 6, at + 6 + bytes.readUInt16BE(at))

const keysMax = 30
const arbitraryPieces = fc.array(fc.uniqueArray(fc.nat({ max: keysMax }), { maxLength: 12 }), { maxLength: 8 })

test('of the versions that are left the newest one is found', () => {
  fc.assert(
    fc.property(arbitraryPieces, fc.nat({ max: 9 }), fc.integer({ min: 1, max: 5 }), (keys, left, room) => {
      const { versions } = noted(keys)
      const check = (end: number): void => {
        for (let key = 0; key <= keysMax; key++) {
          const last = keys.slice(0, end).findLastIndex((inPiece) => inPiece.includes(key))
          const found = versions.find(hash(key), bytesOf(key))
          expect(found === -1 ? -1 : versions.pieceOf(found) - 1).toBe(last)
        }
      }
      // Without a search before there is nothing that a version that goes has to be taken out of.
      if (left % 2 === 0) check(keys.length)
      for (let index = keys.length - 1; index >= Math.min(left, keys.length); index--) {
        const taken: number[] = []
        const [hashes, places] = [new Int32Array(room), new Int32Array(room)]
        for (let count = versions.take(index + 1, hashes, places); count > 0;) {
          taken.push(...hashes.subarray(0, count))
          count = versions.take(index + 1, hashes, places)
        }
        expect(taken.toReversed()).toEqual(keys[index]?.map(hash))
        check(index)
      }
    }),
  )
})

test('memory is given back as versions are taken over', () => {
  const keys = Array.from({ length: 40 }, (_, index) => Array.from({ length: 1_000 }, (__, at) => index * 1_000 + at))
  const { versions } = noted(keys)
  expect(Math.abs(versions.keysAbout - 40_000)).toBeLessThan(2_000)
  const before = versions.bytes
  const [hashes, places] = [new Int32Array(64), new Int32Array(64)]
  for (let sequence = 40; sequence > 10; sequence--) while (versions.take(sequence, hashes, places) > 0);
  expect(versions.bytes).toBeLessThan(before * 0.65)
})
