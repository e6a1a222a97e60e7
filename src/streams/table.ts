/**
 * The class that implements KTable: verbs that work on changes, where a null value is a row that was deleted.
 */
import { checkChoice, checkedFunction, checkOptions } from '../core/checks.ts'
import type { StreamRecord } from '../core/record.ts'
import type { OperatorFactory } from '../plan/operator.ts'
import type { Named, Predicate } from './dsl/functions.ts'
import type { KnownSerdes, WithNewValue } from './dsl/known.ts'
import type { KStream } from './dsl/stream.ts'
import type { KTable } from './dsl/table.ts'
import { filtering, filteringRows } from './filter.ts'
import { mappingRows } from './map.ts'
import { ofTableVerbs } from '../plan/old-values.ts'
import type { KeyedParts } from './parts.ts'
import { peeking } from './peek.ts'

export class Table<K, V, Known extends KnownSerdes> implements KTable<K, V, Known> {
  readonly #parts: KeyedParts

  constructor(parts: KeyedParts) {
    this.#parts = parts
  }

  filter<K2, V2>(predicate: Predicate<K, V>, options: Named = {}): KTable<K2, V2, Known> {
    return this.#next('filter', options, filteringRows(checkedFunction('filter', predicate), true), this.#parts)
  }

  filterNot<K2, V2>(predicate: Predicate<K, V>, options: Named = {}): KTable<K2, V2, Known> {
    return this.#next('filterNot', options, filteringRows(checkedFunction('filterNot', predicate), false), this.#parts)
  }

  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options: Named = {}): KTable<K, V2, WithNewValue[Known]> {
    return this.#next('mapValues', options, mappingRows(checkedFunction('mapValues', fn)), {
      ...this.#parts,
      valueCodec: undefined,
    })
  }

  toStream<V2>(options: { readonly deletes?: 'keep' | 'drop' | undefined } & Named = {}): KStream<K, V2, Known> {
    const { deletes = 'keep', name } = checkOptions('toStream', options, ['deletes', 'name'])
    checkChoice('deletes', deletes, ['keep', 'drop'])
    const { faces, plan, keyCodec, valueCodec, untouchedKeys } = this.#parts
    let { node } = this.#parts
    if (deletes === 'drop') node = plan.stateless('toStream', node, name, filtering(isRow, true))
    else if (name !== undefined) node = plan.stateless('toStream', node, name, peeking(passOn))
    return faces.stream({ faces, plan, node, keyCodec, valueCodec, untouchedKeys, rekeyed: false })
  }

  #next<K2, V2, Known2 extends KnownSerdes>(
    verb: string,
    options: Named,
    operator: OperatorFactory,
    then: KeyedParts,
  ): KTable<K2, V2, Known2> {
    const { name } = checkOptions(verb, options, ['name'])
    const { plan, node } = this.#parts
    return this.#parts.faces.table({ ...then, node: plan.stateless(verb, node, name, operator, ofTableVerbs) })
  }
}

const isRow = ({ value }: StreamRecord<unknown, unknown>): boolean => value !== null

/** Gives a name to what has no operator otherwise. */
const passOn = (): void => undefined
