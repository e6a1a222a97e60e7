/**
 * A table of versions made of records: `builder.table` and `toTable` with a history.
 *
 * Semantics: Kafka Streams'. A record is the version of its time. One that is older than the newest of its row changes
 * the history only, and goes on as such; one that is older than the history is dropped (`expired`).
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { oldValueOf } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import type { RowReader, TableRows } from './table-rows.ts'
import { type VersionStores, Versions } from './versions.ts'

export function keepingVersions(stores: VersionStores, historyMs: number): OperatorFactory {
  return (context) => operate((out) => new VersionedTableSubscriber(out, context, stores, historyMs))
}

/** The rows of a table of versions, for others. */
export function versionedRows(stores: VersionStores, historyMs: number): TableRows {
  return { stores, historyMs, reader: (context) => readerOf(new Versions(context, stores)) }
}

function readerOf(versions: Versions): RowReader {
  return {
    get(key, asOf) {
      if (asOf !== undefined) return versions.asOf(key, asOf)
      const row = versions.newest(key)
      return row.exists ? row : undefined
    },
  }
}

class VersionedTableSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #versions: Versions
  readonly #historyMs: number
  readonly #wantsOld: boolean
  readonly #stores: VersionStores

  constructor(out: Subscriber<Carrier>, context: OperatorContext, stores: VersionStores, historyMs: number) {
    super(out)
    this.#context = context
    this.#stores = stores
    this.#versions = new Versions(context, stores)
    this.#historyMs = historyMs
    this.#wantsOld = context.wantsOld
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.#context.drop('null_key', carrier)
    const { timestamp } = carrier
    const { streamTime } = this.#context
    if (timestamp < streamTime.now - this.#historyMs) return this.#context.drop('expired', carrier)
    streamTime.advance(timestamp)
    this.out.next(this.#changeOf(carrier))
  }

  #changeOf(carrier: Carrier): Carrier {
    const [{ valueCodec }] = this.#stores
    try {
      const value = carrier.isValueNull ? null : carrier.value
      const newest = this.#versions.newest(carrier)
      const old = oldValueOf(newest, this.#wantsOld)
      if (!this.#versions.put(carrier, newest, value, carrier.timestamp))
        return carrier.withOlderVersion(value, valueCodec)
      return carrier.withChange(value, old, valueCodec)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }
}
