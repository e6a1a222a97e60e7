/**
 * The class that implements KTable: verbs that work on changes, where a null value is a row that was deleted.
 */
import { checkChoice, checkedFunction, checkName, checkOptions } from '../core/checks.ts'
import type { StreamRecord } from '../core/record.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import { checkStore } from '../core/store-constants.ts'
import type { OperatorNode } from '../plan/node.ts'
import type { OperatorFactory } from '../plan/operator.ts'
import type { Named, Predicate } from './dsl/functions.ts'
import type { KGroupedTable } from './dsl/grouped-table.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { KStream } from './dsl/stream.ts'
import type { KTable } from './dsl/table.ts'
import type { ProcessOptions } from './dsl/processor.ts'
import type { ValueTransformer } from './dsl/transform-values.ts'
import { filteredRow, filtering, filteringRows } from './filter.ts'
import { mappedRow, mappingRows } from './map.ts'
import { ofFilters, ofKeptFilters, ofTables, ofTableVerbs } from '../plan/old-values.ts'
import { keyLayout } from '../plan/store-layout.ts'
import { groupingRows, ofRowGroups } from './group-rows.ts'
import { type GivenJoiner, joinOfTable } from './join.ts'
import { byRow, keepingDerived } from './kept-rows.ts'
import { requireCodec, type TableParts } from './parts.ts'
import { peeking } from './peek.ts'
import { type InErasedStore, nameOf, storeSpec } from './store-spec.ts'
import { type SuppressOptions, suppressedTable } from './suppressed-table.ts'
import { type DerivedRow, derivedRows, rowsOf } from './table-rows.ts'
import type { AnyTransformer } from './transform-values.ts'
import { transformedTable } from './transformed-table.ts'

export class Table<K, V, Known extends KnownSerdes> implements KTable<K, V, Known> {
  readonly parts: TableParts

  constructor(parts: TableParts) {
    this.parts = parts
  }

  filter<K2, V2>(predicate: Predicate<K, V>, options: InErasedStore = {}): KTable<K2, V2, Known> {
    return this.#filter('filter', predicate, true, options)
  }

  filterNot<K2, V2>(predicate: Predicate<K, V>, options: InErasedStore = {}): KTable<K2, V2, Known> {
    return this.#filter('filterNot', predicate, false, options)
  }

  #filter<K2, V2>(
    verb: string,
    predicate: Predicate<K, V>,
    wanted: boolean,
    options: InErasedStore,
  ): KTable<K2, V2, Known> {
    checkedFunction(verb, predicate)
    const isVersioned = this.parts.rows.historyMs !== undefined
    return this.#derived(verb, options, {
      operator: filteringRows(predicate, wanted, isVersioned),
      rowOf: (node) => filteredRow(node, predicate, wanted),
      leavesOut: !isVersioned,
      passesAll: false,
      valueCodec: this.parts.valueCodec,
    })
  }

  mapValues<V2, Known2 extends KnownSerdes>(
    fn: (record: StreamRecord<K, V>) => V2,
    options: InErasedStore = {},
  ): KTable<K, V2, Known2> {
    checkedFunction('mapValues', fn)
    return this.#derived('mapValues', options, {
      operator: mappingRows(fn),
      rowOf: (node) => mappedRow(node, fn),
      leavesOut: false,
      passesAll: true,
      valueCodec: undefined,
    })
  }

  transformValues<V2, Known2 extends KnownSerdes>(
    transformer: ValueTransformer<K, V, V2>,
    options: InErasedStore & Pick<ProcessOptions, 'stores'> = {},
  ): KTable<K, V2, Known2> {
    return this.parts.faces.table(transformedTable(this.parts, transformer as AnyTransformer, options))
  }

  groupBy<K2, V2>(
    fn: (record: StreamRecord<K, V>) => { readonly key: K2 | null; readonly value: V2 | null },
    options: { readonly key: object; readonly value: object } & Named,
  ): KGroupedTable<K2, V2> {
    checkedFunction('groupBy', fn)
    const { key, value, name } = checkOptions('groupBy', options, ['key', 'value', 'name'])
    if (name !== undefined) checkName('the name of an operator', name)
    const keyCodec = requireCodec('groupBy', 'key', key, undefined)
    const valueCodec = requireCodec('groupBy', 'value', value, undefined)
    const { faces, plan } = this.parts
    const mapped = plan.stateless('groupBy', this.parts.node, undefined, groupingRows(fn, keyCodec), ofRowGroups)
    const node = plan.regroup('groupBy', mapped, name, keyCodec, valueCodec, undefined, 'changes')
    return faces.groupedTable({ faces, plan, node, keyCodec, valueCodec, untouchedKeys: [] })
  }

  join<K2, R>(right: object, joiner: GivenJoiner<R>, options: object = {}): KTable<K2, Exclude<R, null>, never> {
    return this.parts.faces.table(joinOfTable('join', this.parts, right, joiner, options))
  }

  leftJoin<K2, R>(right: object, joiner: GivenJoiner<R>, options: object = {}): KTable<K2, Exclude<R, null>, never> {
    return this.parts.faces.table(joinOfTable('leftJoin', this.parts, right, joiner, options))
  }

  outerJoin<K2, R>(right: object, joiner: GivenJoiner<R>, options: object = {}): KTable<K2, Exclude<R, null>, never> {
    return this.parts.faces.table(joinOfTable('outerJoin', this.parts, right, joiner, options))
  }

  suppress(options: SuppressOptions): KTable<K, V, 'both'> {
    return this.parts.faces.table(suppressedTable(this.parts, options))
  }

  toStream<V2>(options: { readonly deletes?: 'keep' | 'drop' | undefined } & Named = {}): KStream<K, V2, Known> {
    const { deletes = 'keep', name } = checkOptions('toStream', options, ['deletes', 'name'])
    checkChoice('deletes', deletes, ['keep', 'drop'])
    const { faces, plan, keyCodec, valueCodec, untouchedKeys, rows } = this.parts
    const newest = rows.historyMs === undefined // a table of versions passes on older ones too
    let { node } = this.parts
    if (deletes === 'drop') node = plan.stateless('toStream', node, name, filtering(isRow, true))
    else if (name !== undefined) node = plan.stateless('toStream', node, name, peeking(passOn))
    return faces.stream({ faces, plan, node, keyCodec, valueCodec, untouchedKeys, rekeyed: false, newest })
  }

  /** A table of rows that are made of these, each by itself: with a store of its own, if one is given. */
  #derived<K2, V2, Known2 extends KnownSerdes>(
    verb: string,
    options: InErasedStore,
    { operator, rowOf, leavesOut, passesAll, valueCodec }: Derived,
  ): KTable<K2, V2, Known2> {
    const { name, store: given } = checkOptions(verb, options, ['store', 'name'])
    const { plan, node, rows, faces, keyCodec, origin } = this.parts
    if (given === undefined) {
      const made = plan.stateless(verb, node, name, operator, passesAll ? ofTableVerbs : ofFilters)
      return faces.table({
        ...this.parts,
        node: made,
        origin: passesAll ? origin : made,
        valueCodec,
        rows: derivedRows(rows, rowOf(made)),
      })
    }
    const store = checkStore(verb, given)
    const codec = codecOf(store.value as Serde<unknown>)
    const made = plan.stateful(verb, node, nameOf({ name, store }, node), (id) => {
      const wish = { kind: 'keyValueStore', keyCodec, valueCodec: valueCodec ?? codec, layout: keyLayout() } as const
      const spec = storeSpec(id, store, wish)
      return {
        stores: [spec],
        operator: keepingDerived(spec, byRow(rowOf({ id, verb })), leavesOut),
        oldValues: leavesOut ? ofKeptFilters : ofTables,
      }
    })
    return faces.table({
      ...this.parts,
      node: made,
      origin: passesAll ? origin : made,
      valueCodec: valueCodec ?? codec,
      rows: rowsOf(made),
    })
  }
}

/** What a verb makes of rows, one by one. */
interface Derived {
  /** Without a store. */
  readonly operator: OperatorFactory
  /** With one, or for who reads the rows of a table without one. */
  readonly rowOf: (node: Pick<OperatorNode, 'id' | 'verb'>) => DerivedRow
  /** With a store: whether a row that is not kept before or after a change is no change, where that is known. */
  readonly leavesOut: boolean
  /** Whether every change goes on, as another value of the same row. */
  readonly passesAll: boolean
  /** Undefined: a function has made the values. */
  readonly valueCodec: Codec<unknown> | undefined
}

const isRow = ({ value }: StreamRecord<unknown, unknown>): boolean => value !== null

/** Gives a name to what has no operator otherwise. */
const passOn = (): void => undefined
