// Joins: what stands on the right says which kind of join it is.
import { JoinWindows } from 'millrace'
import { type Builder, type CaseBuilder, functions, lost, type Side, type StreamNode } from './built.ts'
import { nullableSerde, plainSerde } from './data.ts'
import { CaseError } from './fields.ts'
import type { CaseNode } from './operations.ts'
import type { Key, Value } from './vocabulary.ts'

type Verb = 'join' | 'leftJoin' | 'outerJoin'

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
  const stream = left.stream[verb](right.stream, joiner, options as never)
  return {
    kind: 'stream',
    stream,
    key: { type: left.key.type, serde: key ?? plainSerde(left.key.type) },
    value: lost(typeOf(left.value.type, right.value.type)),
  }
}

export const joinOperations = {
  join: (made, node) => joinStreams(made, node, 'join'),
  leftJoin: (made, node) => joinStreams(made, node, 'leftJoin'),
  outerJoin: (made, node) => joinStreams(made, node, 'outerJoin'),
} as const satisfies Readonly<Record<string, Builder>>
