/**
 * The rows of a table after `suppress`, for joins and processors: what went on last, not what waits.
 *
 * While a change waits, the timestamp of what went on before it is not known, as in Kafka Streams: it is 0.
 */
import { present } from '../core/assert.ts'
import type { Codec } from '../core/serde.ts'
import type { PlanNode } from '../plan/node.ts'
import type { KeyOf, Store } from '../plan/store.ts'
import { type BufferedChange, decodeBuffered } from './buffered-change.ts'
import type { RowReader, TableRow, TableRows } from './table-rows.ts'

export function emittedRows({ stores }: PlanNode, valueCodec: Codec<unknown>): TableRows {
  const store = present(stores[0], 'the node of suppress has a store')
  return {
    stores,
    historyMs: undefined,
    reader: (context) => new EmittedReader(context.state<unknown, BufferedChange>(store), valueCodec),
  }
}

class EmittedReader implements RowReader {
  readonly #state: Store<unknown, BufferedChange>
  readonly #valueCodec: Codec<unknown>

  constructor(state: Store<unknown, BufferedChange>, valueCodec: Codec<unknown>) {
    this.#state = state
    this.#valueCodec = valueCodec
  }

  get(key: KeyOf<unknown>): TableRow | undefined {
    const row = this.#state.row(key)
    if (!row.exists) return undefined
    const { emitted, isWaiting } = row.value
    if (emitted === null) return undefined
    return { value: decodeBuffered(emitted, this.#valueCodec), timestamp: isWaiting ? 0 : row.timestamp }
  }
}
