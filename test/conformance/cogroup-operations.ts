// The operation that brings several grouped streams together. What is cogrouped has windows and an aggregate of its own.
import type { CogroupedKStream } from 'millrace'
import { type Builder, functions, type GroupedNode, lost } from './built.ts'
import { CaseError } from './fields.ts'
import type { Key, Value } from './vocabulary.ts'

export const cogroupOperations = {
  cogroup(made, node) {
    let cogrouped: CogroupedKStream<Key, Value, Value> | undefined
    let first: GroupedNode | undefined
    for (const { in: id, agg } of node.inputs ?? []) {
      const input = made.input(node, 'grouped', id)
      const { fn } = functions.fold(agg)
      const aggregator = (key: Key, value: Value, sum: Value): Value => fn(key, sum, value)
      first ??= input
      const grouped = input.grouped as never
      cogrouped = cogrouped === undefined ? input.grouped.cogroup(aggregator) : cogrouped.cogroup(grouped, aggregator)
    }
    if (cogrouped === undefined || first === undefined) throw new CaseError(`${node.where}: has no inputs`)
    return { kind: 'cogrouped', cogrouped, key: first.key, value: lost('string') }
  },
} as const satisfies Readonly<Record<string, Builder>>
