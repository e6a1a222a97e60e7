// A key lands in the partition where Kafka's Java client would put it.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { murmur2, partitionOf } from '../../src/core/partitioner.ts'

interface Vector {
  readonly key: string
  readonly hash: number
  readonly partitions: Readonly<Record<string, number>>
}

const vectors = JSON.parse(
  readFileSync(new URL('../fixtures/murmur2.json', import.meta.url), 'utf8'),
) as readonly Vector[]

test('the vectors hold keys of every length around a block, and negative hashes', () => {
  expect(new Set(vectors.map(({ key }) => (key.length / 2) % 4))).toEqual(new Set([0, 1, 2, 3]))
  expect(vectors.some(({ hash }) => hash < 0)).toBe(true)
})

test.each(vectors)('$key', ({ key, hash, partitions }) => {
  const bytes = Buffer.from(key, 'hex')
  expect(murmur2(bytes)).toBe(hash)
  const chosen = Object.keys(partitions).map((count) => [count, partitionOf(bytes, 0, bytes.length, Number(count))])
  expect(Object.fromEntries(chosen)).toEqual(partitions)
})

test('a key inside of a larger buffer hashes as it does alone', () => {
  const around = Buffer.from('around')
  for (const { key, hash } of vectors) {
    const bytes = Buffer.concat([around, Buffer.from(key, 'hex'), around])
    expect(murmur2(bytes, around.length, bytes.length - around.length)).toBe(hash)
  }
})
