// Joins: what stands on the right says which kind of join it is.
import { JoinWindows, type KStream } from 'millrace'
import { type Builder, type CaseBuilder, functions, lost, type Side, type StreamNode, type TableNode } from './built.ts'
import { nullableSerde, plainSerde, rowStore } from './data.ts'
import { CaseError } from './fields.ts'
import type { CaseNode } from './operations.ts'
import type { DataType, Key, Value } from './vocabulary.ts'

type Verb = 'join' | 'leftJoin' | 'outerJoin'

/** Either verb, whatever its right side: the overloads of one do not go with those of another. */
type Joins = Readonly<
  Record<
    Verb,
    (right: object, joiner: (one: Value, other: Value, key: Key) => Value, options: object) => KStream<Key, Value>
  >
>

/** The same of a table. */
type TableJoins = Readonly<
  Record<
    Verb,
    (right: object, joiner: (one: Value, other: Value, key: Key) => Value, options: object) => TableNode['table']
  >
>

/** The serde of a side where the stream has lost it. */
const given = ({ serde, type }: Side): object | undefined => (serde === undefined ? nullableSerde(type) : undefined)

function joinStreams(made: CaseBuilder, node: CaseNode, verb: Verb): StreamNode {
  const left = made.input(node, 'stream')
  const right = made.input(node, 'stream', node.in[1])
  const { joinWindow } = node
  if (joinWindow === undefined) throw new CaseError(`${node.where}: two streams are joined in a window`)
  const { fn, typeOf } = functions.join(node.fn)
  const window = JoinWindows.of({
    before: joinWindow.beforeMs,
    after: joinWindow.afterMs,
    grace: joinWindow.graceMs,
  })
  const key = left.key.serde ?? right.key.serde
  const options = {
    window,
    ...(key === undefined ? { key: plainSerde(left.key.type) } : {}),
    value: given(left.value),
    otherValue: given(right.value),
    ...made.name(node),
  }
  const joiner = (one: Value, other: Value, joined: Key): Value => fn(joined, one, other, null)
  const stream = (left.stream as unknown as Joins)[verb](right.stream, joiner, options)
  return {
    kind: 'stream',
    stream,
    key: { type: left.key.type, serde: key ?? plainSerde(left.key.type) },
    value: lost(typeOf(left.value.type, right.value.type)),
  }
}

function joinTable(made: CaseBuilder, node: CaseNode, verb: 'join' | 'leftJoin'): StreamNode {
  const left = made.input(node, 'stream')
  const right = made.input(node, 'table', node.in[1])
  const { fn, typeOf } = functions.join(node.fn)
  const { graceMs } = node
  const needsValue = left.key.serde === undefined || graceMs !== undefined
  const options = { ...(needsValue ? { value: given(left.value) } : {}), graceMs, ...made.name(node) }
  const joiner = (one: Value, other: Value, joined: Key): Value => fn(joined, one, other, null)
  return {
    kind: 'stream',
    stream: (left.stream as unknown as Joins)[verb](right.table, joiner, options),
    key: { type: left.key.type, serde: left.key.serde ?? plainSerde(left.key.type) },
    value: lost(typeOf(left.value.type, right.value.type)),
  }
}

/** Two tables by key. */
function joinTables(made: CaseBuilder, node: CaseNode, verb: Verb): TableNode {
  const left = made.input(node, 'table')
  const right = made.input(node, 'table', node.in[1])
  const { fn, typeOf } = functions.join(node.fn)
  const type = typeOf(left.value.type, right.value.type)
  const store = keptRows(made, node, left, type)
  const joiner = (one: Value, other: Value, key: Key): Value => fn(key, one, other, null)
  return {
    kind: 'table',
    table: (left.table as unknown as TableJoins)[verb](right.table, joiner, { ...store, ...made.name(node) }),
    key: left.key,
    value: 'store' in store ? { type, serde: plainSerde(type) } : lost(type),
  }
}

/**
 * The store of a join of tables. One that has none in the case was given serdes (`Materialized.with`), so Kafka Streams
 * keeps the joined rows all the same; that can be seen where they are read.
 */
function keptRows(made: CaseBuilder, node: CaseNode, left: TableNode, type: DataType): object {
  const asked = made.isReadAsTable(node.id) ? { store: rowStore(`${node.id}-rows`, left.key, type) } : {}
  return { ...asked, ...made.store(node, (name) => rowStore(name, left.key, type)) }
}

/** Two tables by foreign key. */
function joinByForeignKey(made: CaseBuilder, node: CaseNode, verb: Verb): TableNode {
  const left = made.input(node, 'table')
  const right = made.input(node, 'table', node.in[1])
  const { fn, typeOf } = functions.join(node.fn)
  const type = typeOf(left.value.type, right.value.type)
  const store = keptRows(made, node, left, type)
  const joiner = (one: Value, other: Value, key: Key): Value => fn(key, one, other, null)
  const { fn: keyOf } = functions.key(node.fk)
  const foreignKey = (value: Value, key: Key): Key => keyOf(key, value)
  const options = { foreignKey, ...store, ...made.name(node) }
  return {
    kind: 'table',
    table: (left.table as unknown as TableJoins)[verb](right.table, joiner, options),
    key: left.key,
    value: 'store' in store ? { type, serde: plainSerde(type) } : lost(type),
  }
}

function joinGlobalTable(made: CaseBuilder, node: CaseNode, verb: 'join' | 'leftJoin'): StreamNode {
  const left = made.input(node, 'stream')
  const right = made.input(node, 'global table', node.in[1])
  const { fn, typeOf } = functions.join(node.fn)
  const { fn: keyOf } = functions.key(node.keyFn)
  const joiner = (one: Value, other: Value, key: Key, tableKey: Key): Value => fn(key, one, other, tableKey)
  const tableKey = ({ key, value }: { readonly key: Key; readonly value: Value }): Key => keyOf(key, value)
  const options = { tableKey, ...made.name(node) }
  return {
    kind: 'stream',
    stream:
      verb === 'join'
        ? left.stream.join(right.table, joiner, options)
        : left.stream.leftJoin(right.table, joiner, options),
    key: left.key,
    value: lost(typeOf(left.value.type, right.value.type)),
  }
}

function join(made: CaseBuilder, node: CaseNode, verb: Verb): StreamNode | TableNode {
  const [left, right] = [made.inputKind(node), made.kindOf(node.in[1])]
  if (node.fk !== undefined) return joinByForeignKey(made, node, verb)
  if (left === 'table') return joinTables(made, node, verb)
  if (right === 'stream') return joinStreams(made, node, verb)
  if (verb === 'outerJoin') throw new CaseError(`${node.where}: a stream has no outer join with a table`)
  return right === 'table' ? joinTable(made, node, verb) : joinGlobalTable(made, node, verb)
}

export const joinOperations = {
  join: (made, node) => join(made, node, 'join'),
  leftJoin: (made, node) => join(made, node, 'leftJoin'),
  outerJoin: (made, node) => join(made, node, 'outerJoin'),
} as const satisfies Readonly<Record<string, Builder>>
