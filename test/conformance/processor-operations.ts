// process and processValues, with the stores that a case declares for them.
import type { KeyValueStore } from 'millrace'
import { type Builder, type CaseBuilder, lost, type Side } from './built.ts'
import { CaseError } from './fields.ts'
import type { CaseNode } from './operations.ts'
import { processors, valueProcessors } from './processors.ts'
import { find, type Key, type Value } from './vocabulary.ts'

/** The constants of the stores that a node names: declared by the case, or made by a table or an aggregation before. */
function storesOf(made: CaseBuilder, { stores = [], where }: CaseNode): KeyValueStore<Key, Value>[] {
  return stores.map((name) => {
    const known = made.stores.get(name) ?? made.declared(name)
    if (known?.kind === 'keyValueStore') return known as KeyValueStore<Key, Value>
    throw new CaseError(`${where}: "${name}" is no key-value store`)
  })
}

/** What becomes of the value; only `swap` changes the key. */
const keyAfter = ({ fn }: CaseNode, key: Side, value: Side): Side => lost(fn === 'swap' ? value.type : key.type)

export const processorOperations = {
  process(made, node) {
    const { stream, key, value } = made.input(node, 'stream')
    const { fn, typeOf } = find('process', processors, node.fn ?? '')
    const stores = storesOf(made, node)
    return {
      kind: 'stream',
      stream: stream.process<Key, Value>(fn(stores), { stores, ...made.name(node) }),
      key: keyAfter(node, key, value),
      value: lost(typeOf(key.type, value.type)),
    }
  },

  processValues(made, node) {
    const { stream, key, value } = made.input(node, 'stream')
    const { fn, typeOf } = find('processValues', valueProcessors, node.fn ?? '')
    const stores = storesOf(made, node)
    return {
      kind: 'stream',
      stream: stream.processValues<Value>(fn(stores), { stores, ...made.name(node) }),
      key,
      value: lost(typeOf(key.type, value.type)),
    }
  },
} as const satisfies Readonly<Record<string, Builder>>
