// Operations that group the rows of a table and aggregate them.
import type { KTable, Serde } from 'millrace'
import { type Builder, type CaseBuilder, functions, type TableNode } from './built.ts'
import { plainSerde, rowStore } from './data.ts'
import { CaseError } from './fields.ts'
import type { CaseNode } from './operations.ts'
import type { DataType, Key, Value } from './vocabulary.ts'

/** A table of an aggregation; `call` calls the verb. */
function aggregation(made: CaseBuilder, node: CaseNode, type: DataType, call: (options: object) => unknown): TableNode {
  if (node.retentionMs !== undefined) throw new CaseError(`${node.where}: retentionMs needs windows`)
  const { key } = made.input(node, 'grouped table')
  const table = call({ ...made.name(node), ...made.store(node, (name) => rowStore(name, key, type)) })
  return { kind: 'table', table: table as KTable<Key, Value, 'key'>, key, value: { type, serde: plainSerde(type) } }
}

export const tableAggregations = {
  groupBy(made, node) {
    const { table, key, value } = made.input(node, 'table')
    const toKey = functions.key(node.keyFn)
    const toValue = functions.value(node.valueFn ?? 'identity')
    const keyType = toKey.typeOf(key, value.type)
    const type = toValue.typeOf(key, value.type)
    const grouped = table.groupBy<Key & {}, Value>(
      (record) => ({ key: toKey.fn(record.key, record.value), value: toValue.fn(record.key, record.value) }),
      { key: plainSerde(keyType), value: plainSerde(type), ...made.name(node) },
    )
    return {
      kind: 'grouped table',
      grouped,
      key: keyType,
      value: { type, serde: plainSerde(type) },
    }
  },

  count(made, node) {
    const { grouped } = made.input(node, 'grouped table')
    return aggregation(made, node, 'long', (options) => grouped.count(options))
  },

  reduce(made, node) {
    const { grouped, value } = made.input(node, 'grouped table')
    const { adder, subtractor, reducer } = node
    if (adder === undefined || subtractor === undefined || reducer !== undefined) {
      throw new CaseError(`${node.where}: a table is reduced with adder and subtractor, and nothing else`)
    }
    const [add, subtract] = [functions.fold(adder), functions.fold(subtractor)]
    return aggregation(made, node, value.type, (options) =>
      grouped.reduce({
        ...options,
        adder: (sum, next) => add.fn(null, sum, next),
        subtractor: (sum, next) => subtract.fn(null, sum, next),
      }),
    )
  },

  aggregate(made, node) {
    const { grouped } = made.input(node, 'grouped table')
    const { agg, adder, subtractor, merger, init = null } = node
    if (adder === undefined || subtractor === undefined || agg !== undefined || merger !== undefined) {
      throw new CaseError(`${node.where}: a table is aggregated with adder and subtractor, and nothing else`)
    }
    const [add, subtract] = [functions.fold(adder), functions.fold(subtractor)]
    const type = typeof init === 'number' ? 'long' : 'string'
    return aggregation(made, node, type, (options) =>
      grouped.aggregate<Value>({
        ...options,
        initializer: () => init,
        aggregator: (key, value, sum) => add.fn(key, sum, value),
        subtractor: (key, value, sum) => subtract.fn(key, sum, value),
        value: plainSerde(type) as Serde<Value>,
      }),
    )
  },
} as const satisfies Readonly<Record<string, Builder>>
