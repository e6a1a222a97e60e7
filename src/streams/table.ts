/**
 * The class behind KTable: verbs that work on changes, where a null value is a row that was deleted.
 */
import { checkedFunction, checkOptions } from '../core/checks.ts'
import type { StreamRecord } from '../core/record.ts'
import type { OperatorFactory } from '../plan/operator.ts'
import type { Named, Predicate } from './dsl/functions.ts'
import type { Side } from './dsl/known.ts'
import type { KStream } from './dsl/stream.ts'
import type { KTable } from './dsl/table.ts'
import { filteringRows } from './filter.ts'
import { mappingRows } from './map.ts'
import type { KeyedParts } from './parts.ts'

export class Table<K, V, Known extends Side> implements KTable<K, V, Known> {
  readonly #parts: KeyedParts

  constructor(parts: KeyedParts) {
    this.#parts = parts
  }

  filter(predicate: Predicate<K, V>, options: Named = {}): Table<K, V, Known> {
    return this.#next('filter', options, filteringRows(checkedFunction('filter', predicate), true), this.#parts)
  }

  filterNot(predicate: Predicate<K, V>, options: Named = {}): Table<K, V, Known> {
    return this.#next('filterNot', options, filteringRows(checkedFunction('filterNot', predicate), false), this.#parts)
  }

  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options: Named = {}): Table<K, V2, Exclude<Known, 'value'>> {
    return this.#next('mapValues', options, mappingRows(checkedFunction('mapValues', fn)), {
      ...this.#parts,
      valueCodec: undefined,
    })
  }

  toStream(): KStream<K, V | null, Known> {
    const { faces, plan, node, keyCodec, valueCodec, untouchedKeys } = this.#parts
    return faces.stream({ faces, plan, node, keyCodec, valueCodec, untouchedKeys, rekeyed: false })
  }

  #next<V2, Known2 extends Side>(
    verb: string,
    options: Named,
    operator: OperatorFactory,
    then: KeyedParts,
  ): Table<K, V2, Known2> {
    const { name } = checkOptions(verb, options, ['name'])
    const { plan, node } = this.#parts
    return new Table({ ...then, node: plan.stateless(verb, node, name, operator) })
  }
}
