// A topology in the making: what each node of a case has become, and what the operations share.
import {
  type CogroupedKStream,
  type GlobalKTable,
  type KGroupedStream,
  type KGroupedTable,
  type KStream,
  type KTable,
  type SessionWindowedKStream,
  StreamsBuilder,
  type TimeWindowedKStream,
} from 'millrace'
import type { Case } from './case.ts'
import { type AnySerde, CaseTopics, type CaseStoreConstant, heldStore, nullableSerde, plainSerde } from './data.ts'
import { CaseError } from './fields.ts'
import type { CaseNode } from './operations.ts'
import {
  type DataType,
  find,
  flats,
  folds,
  joins,
  type Key,
  type KeyValueFunction,
  keys,
  type Named,
  predicates,
  type Value,
  values,
  type WindowedType,
} from './vocabulary.ts'

/** Key or value of a stream: its type, and the serde that the stream still knows. */
export interface Side {
  readonly type: DataType
  readonly serde: AnySerde | undefined
}

export interface StreamNode {
  readonly kind: 'stream'
  readonly stream: KStream<Key, Value>
  readonly key: Side
  readonly value: Side
}

export interface GroupedNode {
  readonly kind: 'grouped'
  readonly grouped: KGroupedStream<Key, Value, never>
  readonly key: DataType
  readonly value: Side
}

/** Several grouped streams. The values that they have are not those of the aggregate. */
export interface CogroupedNode {
  readonly kind: 'cogrouped'
  readonly cogrouped: CogroupedKStream<Key, Value, Value>
  readonly key: DataType
  readonly value: Side
}

export interface WindowedNode {
  readonly kind: 'windowed'
  readonly isCogrouped: boolean
  readonly windowed: TimeWindowedKStream<Key, Value, never> | SessionWindowedKStream<Key, Value, never>
  readonly windowMs: WindowedType['windowMs']
  readonly key: DataType
  readonly value: Side
}

export interface TableNode {
  readonly kind: 'table'
  readonly table: KTable<Key, Value, 'key'>
  readonly key: DataType
  readonly value: Side
}

export interface GlobalTableNode {
  readonly kind: 'global table'
  readonly table: GlobalKTable<NonNullable<Key>, NonNullable<Value>>
  readonly value: Side
}

export interface GroupedTableNode {
  readonly kind: 'grouped table'
  readonly grouped: KGroupedTable<Key, Value>
  readonly key: DataType
  readonly value: Side
}

type Built = StreamNode | GroupedNode | GroupedTableNode | CogroupedNode | WindowedNode | TableNode | GlobalTableNode
type Kind = Built['kind']

/** Options that a node may have in common with others. */
interface NameOption {
  readonly name?: string
}

export class CaseBuilder {
  readonly topics: CaseTopics
  readonly stores = new Map<string, CaseStoreConstant>()
  readonly builder = new StreamsBuilder()
  readonly #nodes = new Map<string, Built>()
  readonly #named: boolean
  readonly #declared: Case['stores']
  readonly #all: Case['nodes']
  readonly ofProcessors = new Set<string>()

  constructor({ topics, stores, nodes }: Case, named: boolean) {
    this.#all = nodes
    this.topics = new CaseTopics(topics)
    this.#declared = stores
    this.#named = named
  }

  keep(id: string, made: Built): void {
    this.#nodes.set(id, made)
  }

  input<K extends Kind>(node: CaseNode, kind: K, id: string | undefined = node.in[0]): Extract<Built, { kind: K }> {
    const found = this.#nodes.get(id ?? '')
    if (found?.kind === kind) return found as Extract<Built, { kind: K }>
    throw new CaseError(
      `${node.where}: "${id}" is ${found === undefined ? 'nothing' : `a ${found.kind}`}, not a ${kind}`,
    )
  }

  inputKind(node: CaseNode): Kind | undefined {
    return this.kindOf(node.in[0])
  }

  kindOf(id: string | undefined): Kind | undefined {
    return this.#nodes.get(id ?? '')?.kind
  }

  name({ id, name }: CaseNode): NameOption {
    if (name !== undefined) return { name }
    return this.#named ? { name: id } : {}
  }

  /** Whether something reads the rows of a table, or old values of its changes: more than its changes as they come. */
  isReadAsTable(id: string): boolean {
    return this.#all.some((node) => {
      if (!node.in.includes(id) || node.op === 'toStream') return false
      return !(['filter', 'filterNot', 'mapValues'].includes(node.op) && !this.isReadAsTable(node.id))
    })
  }

  /** The store that a case declares for processors, made once. */
  declared(name: string): CaseStoreConstant | undefined {
    const { holds, type } = this.#declared.get(name) ?? {}
    if (holds === undefined) return undefined
    const store = heldStore(name, holds, type === 'record')
    this.stores.set(name, store)
    this.ofProcessors.add(name)
    return store
  }

  /** The options of a table's store, and the store kept for the comparison. */
  store<S extends CaseStoreConstant>(node: CaseNode, make: (name: string) => S): { readonly store?: S } {
    if (node.store === undefined) return {}
    const store = make(node.store)
    this.stores.set(node.store, store)
    return { store }
  }
}

export type Builder = (made: CaseBuilder, node: CaseNode) => Built | undefined

export const lost = (type: DataType): Side => ({ type, serde: undefined })

/** The function that a node names; the reader of the case has seen to it that it is there. */
export const functions = {
  value: (call = ''): Named<KeyValueFunction<Value>> => find('value', values, call),
  predicate: (call = ''): Named<KeyValueFunction<boolean>> => find('predicate', predicates, call),
  key: (call = ''): Named<KeyValueFunction<Key>> => find('key', keys, call),
  flat: (call = '') => find('flat', flats, call),
  fold: (call = '') => find('aggregate', folds, call),
  join: (call = '') => find('join', joins, call),
}

/** The serdes that a stream lost. */
export function missing({ key, value }: StreamNode): { readonly key?: AnySerde; readonly value?: AnySerde } {
  return {
    ...(key.serde === undefined ? { key: plainSerde(key.type) } : {}),
    ...(value.serde === undefined ? { value: nullableSerde(value.type) } : {}),
  }
}
