// Joins: what stands on the right says which kind of join it is.
import { JoinWindows, type KStream } from 'millrace'
import { type Builder, type CaseBuilder, functions, lost, type Side, type StreamNode } from './built.ts'
import { nullableSerde, plainSerde } from './data.ts'
import { CaseError } from './fields.ts'
import type { CaseNode } from './operations.ts'
import type { Key, Value } from './vocabulary.ts'

type Verb = 'join' | 'leftJoin' | 'outerJoin'

/** Either verb, whatever its right side: the overloads of one do not go with those of another. */
type Joins = Readonly<
  Record<
    Verb,
    (right: object, joiner: (one: Value, other: Value, key: Key) => Value, options: object) => KStream<Key, Value>
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
  const isRekeyed = left.key.serde === undefined
  const options = { ...(isRekeyed ? { value: given(left.value) } : {}), ...made.name(node) }
  const joiner = (one: Value, other: Value, joined: Key): Value => fn(joined, one, other, null)
  return {
    kind: 'stream',
    stream: (left.stream as unknown as Joins)[verb](right.table, joiner, options),
    key: { type: left.key.type, serde: left.key.serde ?? plainSerde(left.key.type) },
    value: lost(typeOf(left.value.type, right.value.type)),
  }
}

const isTable = (made: CaseBuilder, node: CaseNode): boolean => made.kindOf(node.in[1]) === 'table'

export const joinOperations = {
  join: (made, node) => (isTable(made, node) ? joinTable : joinStreams)(made, node, 'join'),
  leftJoin: (made, node) => (isTable(made, node) ? joinTable : joinStreams)(made, node, 'leftJoin'),
  outerJoin: (made, node) => joinStreams(made, node, 'outerJoin'),
} as const satisfies Readonly<Record<string, Builder>>
