// The rows of stores in memory, in the order of their keys.
import type { StateReader, StateWriter } from '../../src/log/contract.ts'

interface Row {
  readonly key: Buffer
  readonly value: Buffer
}

export class MemoryState implements StateReader {
  readonly #stores = new Map<string, Map<string, Row>>()

  #rows(storeId: number, partition: number): Map<string, Row> {
    const name = `${storeId}/${partition}`
    const rows = this.#stores.get(name) ?? new Map<string, Row>()
    this.#stores.set(name, rows)
    return rows
  }

  change(write: (writer: StateWriter) => void): void {
    write({
      put: (storeId, partition, key, value) => {
        this.#rows(storeId, partition).set(key.toString('hex'), { key: Buffer.from(key), value: Buffer.from(value) })
      },
      remove: (storeId, partition, key) => void this.#rows(storeId, partition).delete(key.toString('hex')),
      removeRange: (storeId, partition, from, to) => {
        for (const { key } of this.range(storeId, partition, from, to, Infinity)) {
          this.#rows(storeId, partition).delete(key.toString('hex'))
        }
        return undefined
      },
    })
  }

  get(storeId: number, partition: number, key: Uint8Array): Buffer | undefined {
    const row = this.#rows(storeId, partition).get(Buffer.from(key).toString('hex'))
    return row === undefined ? undefined : Buffer.from(row.value)
  }

  range(
    storeId: number,
    partition: number,
    from: Uint8Array,
    to: Uint8Array | undefined,
    limit: number,
    isReverse = false,
  ): Row[] {
    const sorted = this.#sorted(storeId, partition)
    return (isReverse ? sorted.toReversed() : sorted)
      .filter(({ key }) => Buffer.compare(key, from) >= 0 && (to === undefined || Buffer.compare(key, to) < 0))
      .slice(0, limit)
      .map(({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }))
  }

  #sorted(storeId: number, partition: number): Row[] {
    return [...this.#rows(storeId, partition).values()].toSorted((a, b) => Buffer.compare(a.key, b.key))
  }
}
