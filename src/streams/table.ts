/**
 * The class that implements KTable: verbs that work on changes, where a null value is a row that was deleted.
 */
import { checkChoice, checkedFunction, checkOptions } from '../core/checks.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Codec } from '../core/serde.ts'
import type { OperatorNode } from '../plan/node.ts'
import type { OperatorFactory } from '../plan/operator.ts'
import type { Named, Predicate } from './dsl/functions.ts'
import type { KnownSerdes, WithNewValue } from './dsl/known.ts'
import type { KStream } from './dsl/stream.ts'
import type { KTable } from './dsl/table.ts'
import { filteredRow, filtering, filteringRows } from './filter.ts'
import { mappedRow, mappingRows } from './map.ts'
import { ofTableVerbs } from '../plan/old-values.ts'
import type { TableParts } from './parts.ts'
import { peeking } from './peek.ts'
import { type SuppressOptions, suppressedTable } from './suppressed-table.ts'
import { type DerivedRow, derivedRows } from './table-rows.ts'

export class Table<K, V, Known extends KnownSerdes> implements KTable<K, V, Known> {
  readonly parts: TableParts

  constructor(parts: TableParts) {
    this.parts = parts
  }

  filter<K2, V2>(predicate: Predicate<K, V>, options: Named = {}): KTable<K2, V2, Known> {
    return this.#filter('filter', predicate, true, options)
  }

  filterNot<K2, V2>(predicate: Predicate<K, V>, options: Named = {}): KTable<K2, V2, Known> {
    return this.#filter('filterNot', predicate, false, options)
  }

  #filter<K2, V2>(verb: string, predicate: Predicate<K, V>, wanted: boolean, options: Named): KTable<K2, V2, Known> {
    const operator = filteringRows(checkedFunction(verb, predicate), wanted)
    const rowOf = (node: OperatorNode): DerivedRow => filteredRow(node, predicate, wanted)
    return this.#next(verb, options, operator, rowOf, this.parts.valueCodec)
  }

  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options: Named = {}): KTable<K, V2, WithNewValue[Known]> {
    const operator = mappingRows(checkedFunction('mapValues', fn))
    return this.#next('mapValues', options, operator, (node) => mappedRow(node, fn), undefined)
  }

  suppress(options: SuppressOptions): KTable<K, V, 'both'> {
    return this.parts.faces.table(suppressedTable(this.parts, options))
  }

  toStream<V2>(options: { readonly deletes?: 'keep' | 'drop' | undefined } & Named = {}): KStream<K, V2, Known> {
    const { deletes = 'keep', name } = checkOptions('toStream', options, ['deletes', 'name'])
    checkChoice('deletes', deletes, ['keep', 'drop'])
    const { faces, plan, keyCodec, valueCodec, untouchedKeys } = this.parts
    let { node } = this.parts
    if (deletes === 'drop') node = plan.stateless('toStream', node, name, filtering(isRow, true))
    else if (name !== undefined) node = plan.stateless('toStream', node, name, peeking(passOn))
    return faces.stream({ faces, plan, node, keyCodec, valueCodec, untouchedKeys, rekeyed: false })
  }

  #next<K2, V2, Known2 extends KnownSerdes>(
    verb: string,
    options: Named,
    operator: OperatorFactory,
    rowOf: (node: OperatorNode) => DerivedRow,
    valueCodec: Codec<unknown> | undefined,
  ): KTable<K2, V2, Known2> {
    const { name } = checkOptions(verb, options, ['name'])
    const { plan, node, rows, faces } = this.parts
    const made = plan.stateless(verb, node, name, operator, ofTableVerbs)
    return faces.table({ ...this.parts, node: made, valueCodec, rows: derivedRows(rows, rowOf(made)) })
  }
}

const isRow = ({ value }: StreamRecord<unknown, unknown>): boolean => value !== null

/** Gives a name to what has no operator otherwise. */
const passOn = (): void => undefined
