/**
 * The class behind KTable.
 */
import type { KStream, KTable, Side } from './dsl.ts'
import type { TableParts } from './parts.ts'

export class Table<K, V> implements KTable<K, V> {
  readonly #parts: TableParts

  constructor(parts: TableParts) {
    this.#parts = parts
  }

  toStream(): KStream<K, V | null, Side> {
    const { plan, node, keyCodec, valueCodec, streamOf } = this.#parts
    return streamOf({ plan, node, keyCodec, valueCodec, rekeyed: false })
  }
}
