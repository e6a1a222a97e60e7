// Operations that group streams, cut them into windows and aggregate them.
import type { KGroupedStream, KTable, Serde } from 'millrace'
import { type Builder, type CaseBuilder, functions, missing, type Side, type TableNode } from './built.ts'
import { plainSerde, rowStore, sessionRowStore, windowedRowStore } from './data.ts'
import { CaseError } from './fields.ts'
import type { CaseNode } from './operations.ts'
import { tableAggregations } from './table-aggregations.ts'
import type { DataType, Key, Value } from './vocabulary.ts'

/** What can be counted, reduced and aggregated. The two have the same verbs, with other options. */
type Aggregating = KGroupedStream<Key, Value, never>

/** A table of an aggregation, in windows or without; `call` calls the verb. */
function aggregation(
  made: CaseBuilder,
  node: CaseNode,
  typeOf: (value: Side) => DataType,
  call: (grouped: Aggregating, options: object, value: Side) => unknown,
): TableNode {
  if (made.inputKind(node) === 'windowed') {
    const { windowed, windowMs, key, value } = made.input(node, 'windowed')
    if (key !== 'string') throw new CaseError(`${node.where}: a windowed key is windowed again`)
    const type = typeOf(value)
    const options = {
      ...made.name(node),
      ...made.store(node, (name) => (windowMs === 'session' ? sessionRowStore : windowedRowStore)(name, key, type)),
      ...(node.retentionMs === undefined ? {} : { retentionMs: node.retentionMs }),
    }
    const table = call(windowed as unknown as Aggregating, options, value)
    return { kind: 'table', table: table as KTable<Key, Value, 'key'>, key: { windowMs }, value: tableValue(type) }
  }
  const input = made.inputKind(node) === 'cogrouped' ? made.input(node, 'cogrouped') : made.input(node, 'grouped')
  const { key, value } = input
  const grouped = input.kind === 'grouped' ? input.grouped : (input.cogrouped as unknown as Aggregating)
  if (node.retentionMs !== undefined) throw new CaseError(`${node.where}: retentionMs needs windows`)
  const type = typeOf(value)
  const options = { ...made.name(node), ...made.store(node, (name) => rowStore(name, key, type)) }
  return {
    kind: 'table',
    table: call(grouped, options, value) as KTable<Key, Value, 'key'>,
    key,
    value: tableValue(type),
  }
}

const tableValue = (type: DataType): Side => ({ type, serde: plainSerde(type) })

export const aggregations = {
  groupByKey(made, node) {
    const input = made.input(node, 'stream')
    const { key, value } = input
    const lostKey = key.serde === undefined
    const { value: valueSerde, ...rest } = missing(input)
    // A stream that was not rekeyed is not regrouped, and then the serde of its values is asked for where they are stored.
    const options = { ...(lostKey ? { ...rest, ...(valueSerde && { value: valueSerde }) } : rest), ...made.name(node) }
    return {
      kind: 'grouped',
      grouped: input.stream.groupByKey(options as never) as KGroupedStream<Key, Value, never>,
      key: key.type,
      value: lostKey ? { type: value.type, serde: value.serde ?? valueSerde } : value,
    }
  },

  groupBy(made, node) {
    if (made.inputKind(node) === 'table') return tableAggregations.groupBy(made, node)
    const input = made.input(node, 'stream')
    if (node.valueFn !== undefined) throw new CaseError(`${node.where}: groupBy of a stream has no valueFn`)
    const { fn, typeOf } = functions.key(node.keyFn)
    const keyType = typeOf(input.key.type, input.value.type)
    const { value: valueSerde } = missing(input)
    const options = {
      key: plainSerde(keyType),
      ...(valueSerde === undefined ? {} : { value: valueSerde }),
      ...made.name(node),
    }
    return {
      kind: 'grouped',
      grouped: input.stream.groupBy((record) => fn(record.key, record.value), options as never) as KGroupedStream<
        Key,
        Value,
        never
      >,
      key: keyType,
      value: { type: input.value.type, serde: input.value.serde ?? valueSerde },
    }
  },

  count: (made, node) =>
    made.inputKind(node) === 'grouped table'
      ? tableAggregations.count(made, node)
      : aggregation(
          made,
          node,
          () => 'long',
          (grouped, options) => grouped.count(options),
        ),

  reduce(made, node) {
    if (made.inputKind(node) === 'grouped table') return tableAggregations.reduce(made, node)
    if (node.reducer === undefined || node.adder !== undefined || node.subtractor !== undefined) {
      throw new CaseError(`${node.where}: a stream is reduced with a reducer, and nothing else`)
    }
    const { fn } = functions.fold(node.reducer)
    return aggregation(
      made,
      node,
      ({ type }) => type,
      (grouped, options, { type, serde }) => {
        // A store brings the serde of its values.
        const value = serde === undefined && node.store === undefined ? { value: plainSerde(type) } : {}
        return grouped.reduce((sum, next) => fn(null, sum, next), { ...options, ...value } as never)
      },
    )
  },

  aggregate(made, node) {
    if (made.inputKind(node) === 'grouped table') return tableAggregations.aggregate(made, node)
    const { agg, adder, subtractor, merger, init = null } = node
    const isCogrouped =
      made.inputKind(node) === 'cogrouped' ||
      (made.inputKind(node) === 'windowed' && made.input(node, 'windowed').isCogrouped)
    const ofSessions = made.inputKind(node) === 'windowed' && made.input(node, 'windowed').windowMs === 'session'
    const fits = adder === undefined && subtractor === undefined && (merger !== undefined) === ofSessions
    if ((agg === undefined) !== isCogrouped || !fits) {
      throw new CaseError(
        `${node.where}: a stream is aggregated with agg, what is cogrouped without it, sessions with a merger too, and ` +
          'nothing else',
      )
    }
    const fold = (call: string) => {
      const { fn } = functions.fold(call)
      return (key: Key, left: Value, right: Value): Value => fn(key, left, right)
    }
    const aggregating =
      agg === undefined ? {} : { aggregator: (key: Key, value: Value, sum: Value): Value => fold(agg)(key, sum, value) }
    const merging = merger === undefined ? {} : { merger: fold(merger) }
    const type = typeof init === 'number' ? 'long' : 'string'
    return aggregation(
      made,
      node,
      () => type,
      (grouped, options) =>
        grouped.aggregate<Value>({
          ...options,
          initializer: () => init,
          ...aggregating,
          ...merging,
          value: plainSerde(type) as Serde<Value>,
        } as never),
    )
  },
} as const satisfies Readonly<Record<string, Builder>>
