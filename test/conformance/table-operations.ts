// Operations that make tables of records.
import type { GlobalKTable, KTable } from 'millrace'
import { type Builder, type CaseBuilder, missing, type TableNode } from './built.ts'
import { type CaseStoreConstant, plainSerde, rowStore, versionStore } from './data.ts'
import type { CaseNode } from './operations.ts'
import type { DataType, Key, Value } from './vocabulary.ts'

const tableOf = (table: unknown, key: DataType, value: DataType): TableNode => ({
  kind: 'table',
  table: table as KTable<Key, Value, 'key'>,
  key,
  value: { type: value, serde: plainSerde(value) },
})

const options = (made: CaseBuilder, node: CaseNode, key: DataType, value: DataType): object => ({
  ...made.name(node),
  ...(node.versionedMs === undefined ? {} : { versioned: { historyMs: node.versionedMs } }),
  ...made.store<CaseStoreConstant>(node, (name) =>
    node.versionedMs === undefined ? rowStore(name, key, value) : versionStore(name, key, value, node.versionedMs),
  ),
})

export const tableOperations = {
  table(made, node) {
    const { topic, key, value } = made.topics.input(node.topic ?? '')
    return tableOf(made.builder.table(topic, options(made, node, key, value)), key, value)
  },

  globalTable(made, node) {
    const { topic, key, value } = made.topics.input(node.topic ?? '')
    const table = made.builder.globalTable(topic, options(made, node, key, value))
    return {
      kind: 'global table',
      table: table as GlobalKTable<NonNullable<Key>, NonNullable<Value>>,
      value: { type: value, serde: plainSerde(value) },
    }
  },

  toTable(made, node) {
    const input = made.input(node, 'stream')
    const { type: key } = input.key
    const { type: value } = input.value
    const serdes = missing(input)
    return tableOf(input.stream.toTable({ ...options(made, node, key, value), ...serdes } as never), key, value)
  },
} as const satisfies Readonly<Record<string, Builder>>
