// Operations on streams, and from tables back to streams.
import type { KStream, StreamRecord } from 'millrace'
import {
  type Builder,
  type CaseBuilder,
  functions,
  lost,
  missing,
  type Side,
  type StreamNode,
  type TableNode,
} from './built.ts'
import { type AnyTopic, nullableSerde, plainSerde, rowStore } from './data.ts'
import { CaseError, json } from './fields.ts'
import type { CaseNode } from './operations.ts'
import type { Key, Value } from './vocabulary.ts'

function filter(made: CaseBuilder, node: CaseNode, keep: boolean): StreamNode | TableNode {
  const { fn } = functions.predicate(node.fn)
  const verb = keep ? 'filter' : 'filterNot'
  if (made.inputKind(node) === 'table') {
    const input = made.input(node, 'table')
    const store = made.store(node, (name) => rowStore(name, input.key, input.value.type))
    const options = { ...made.name(node), ...store } as object
    const value = node.store === undefined ? input.value : kept(input.value)
    return { ...input, table: input.table[verb]((record) => fn(record.key, record.value), options), value }
  }
  const input = made.input(node, 'stream')
  if (node.store !== undefined) throw new CaseError(`${node.where}: a stream has no store`)
  return { ...input, stream: input.stream[verb](({ key, value }) => fn(key, value), made.name(node)) }
}

/** Of a table with a store, which brings the serde of its values. */
const kept = ({ type }: Side): Side => ({ type, serde: plainSerde(type) })

/** Of all declared topics that match. */
function streamOfPattern(made: CaseBuilder, node: CaseNode, pattern: string): StreamNode {
  // As in Java, where the whole name has to match.
  const regExp = new RegExp(`^(?:${pattern})$`)
  const [first] = made.topics.inputs(regExp)
  if (first === undefined) throw new CaseError(`${node.where}: matches no topic`)
  const [key, value] = [nullableSerde(first.key), nullableSerde(first.value)]
  const stream = made.builder.stream(regExp, { key, value, ...made.name(node) })
  return {
    kind: 'stream',
    stream: stream as unknown as KStream<Key, Value>,
    key: { type: first.key, serde: key },
    value: { type: first.value, serde: value },
  }
}

export const streamOperations = {
  stream(made, node) {
    if (node.pattern !== undefined) return streamOfPattern(made, node, node.pattern)
    const names = node.topics ?? [node.topic ?? '']
    const topics = names.map((name) => made.topics.input(name))
    const [first] = topics
    if (first === undefined) throw new CaseError(`${node.where}: reads no topic`)
    const [only] = topics.length === 1 ? topics : []
    const stream = made.builder.stream(only?.topic ?? topics.map(({ topic }) => topic), made.name(node))
    const { key, value } = first
    return {
      kind: 'stream',
      stream: stream as unknown as KStream<Key, Value>,
      key: { type: key, serde: nullableSerde(key) },
      value: { type: value, serde: nullableSerde(value) },
    }
  },

  filter: (made, node) => filter(made, node, true),
  filterNot: (made, node) => filter(made, node, false),

  map(made, node) {
    const { stream, key, value } = made.input(node, 'stream')
    const toKey = functions.key(node.keyFn)
    const toValue = functions.value(node.valueFn)
    return {
      kind: 'stream',
      stream: stream.map(
        (record) => ({ key: toKey.fn(record.key, record.value), value: toValue.fn(record.key, record.value) }),
        made.name(node),
      ),
      key: lost(toKey.typeOf(key.type, value.type)),
      value: lost(toValue.typeOf(key.type, value.type)),
    }
  },

  mapValues(made, node) {
    const { fn, typeOf } = functions.value(node.fn)
    if (made.inputKind(node) === 'table') {
      const { table, key, value } = made.input(node, 'table')
      const mapped = lost(typeOf(key, value.type))
      const store = made.store(node, (name) => rowStore(name, key, mapped.type))
      const options = { ...made.name(node), ...store } as object
      return {
        kind: 'table',
        table: table.mapValues((record) => fn(record.key, record.value), options),
        key,
        value: node.store === undefined ? mapped : kept(mapped),
      }
    }
    const { stream, key, value } = made.input(node, 'stream')
    return {
      kind: 'stream',
      stream: stream.mapValues((record) => fn(record.key, record.value), made.name(node)),
      key,
      value: lost(typeOf(key.type, value.type)),
    }
  },

  flatMap(made, node) {
    const { stream, key, value } = made.input(node, 'stream')
    const { fn, typeOf } = functions.flat(node.fn)
    const toKey = functions.key(node.keyFn)
    const partType = typeOf(key.type, value.type)
    return {
      kind: 'stream',
      stream: stream.flatMap(
        (record) => fn(record.value).map((part) => ({ key: toKey.fn(record.key, part), value: part })),
        made.name(node),
      ),
      key: lost(toKey.typeOf(key.type, partType)),
      value: lost(partType),
    }
  },

  flatMapValues(made, node) {
    const { stream, key, value } = made.input(node, 'stream')
    const { fn, typeOf } = functions.flat(node.fn)
    return {
      kind: 'stream',
      stream: stream.flatMapValues((record) => fn(record.value), made.name(node)),
      key,
      value: lost(typeOf(key.type, value.type)),
    }
  },

  selectKey(made, node) {
    const { stream, key, value } = made.input(node, 'stream')
    const { fn, typeOf } = functions.key(node.fn)
    return {
      kind: 'stream',
      stream: stream.selectKey((record) => fn(record.key, record.value), made.name(node)),
      key: lost(typeOf(key.type, value.type)),
      value,
    }
  },

  peek(made, node) {
    const input = made.input(node, 'stream')
    return { ...input, stream: input.stream.peek(() => undefined, made.name(node)) }
  },

  merge(made, node) {
    const inputs = node.in.map((id) => made.input(node, 'stream', id))
    const same = (left: Side, right: Side): Side => {
      if (json(left.type) !== json(right.type)) throw new CaseError(`${node.where}: merges different types`)
      return left.serde === right.serde ? left : lost(left.type)
    }
    const last = inputs.length - 1
    return inputs.reduce((left, right, index) => ({
      kind: 'stream',
      // Only the last of several merges is the node.
      stream: left.stream.merge(right.stream, index === last ? made.name(node) : {}),
      key: same(left.key, right.key),
      value: same(left.value, right.value),
    }))
  },

  split(made, node) {
    const input = made.input(node, 'stream')
    const branches = (node.branches ?? []).map(({ id, fn: call }) => {
      const { fn } = functions.predicate(call)
      return [id, ({ key, value }: StreamRecord<Key, Value>) => fn(key, value)] as const
    })
    const rest = node.default === undefined ? [] : [[node.default, 'default'] as const]
    const streams = input.stream.split(Object.fromEntries([...branches, ...rest]), made.name(node))
    for (const [id, stream] of Object.entries(streams)) made.keep(id, { ...input, stream })
    return undefined
  },

  repartition(made, node) {
    const input = made.input(node, 'stream')
    const stream = input.stream.repartition({ ...missing(input), ...made.name(node) } as never)
    const key = input.key.serde ?? plainSerde(input.key.type)
    const value = input.value.serde ?? nullableSerde(input.value.type)
    return {
      kind: 'stream',
      stream: stream as unknown as KStream<Key, Value>,
      key: { type: input.key.type, serde: key },
      value: { type: input.value.type, serde: value },
    }
  },

  to(made, node) {
    const { stream, key, value } = made.input(node, 'stream')
    if (node.topicFn === undefined) {
      stream.to(made.topics.output(node.topic ?? '', key.type, value.type), made.name(node))
      return undefined
    }
    const { fn } = functions.key(node.topicFn)
    const outputs = made.topics.outputs(key.type, value.type)
    // What is not among them is no topic, which fails the record.
    stream.to((record) => outputs.get(fn(record.key, record.value) as string) as AnyTopic, made.name(node))
    return undefined
  },

  toStream(made, node) {
    const { table, key, value } = made.input(node, 'table')
    const stream = table.toStream() as unknown as KStream<Key, Value>
    const input: StreamNode = {
      kind: 'stream',
      stream,
      key: { type: key, serde: plainSerde(key) },
      value,
    }
    if (node.keyFn === undefined) return input
    const { fn, typeOf } = functions.key(node.keyFn)
    return {
      ...input,
      stream: stream.selectKey((record) => fn(record.key, record.value), made.name(node)),
      key: lost(typeOf(key, value.type)),
    }
  },
} as const satisfies Readonly<Record<string, Builder>>
