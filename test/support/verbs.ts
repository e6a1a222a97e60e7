// Every verb of the DSL once: how it is called, and what its options are. Tests of all verbs go through this list.
import { JoinWindows, SessionWindows, string, TimeWindows } from 'millrace'
import { output } from './topology.ts'
import { call } from './untyped.ts'

/** What a verb is called on. */
export type Receiver =
  | 'stream'
  | 'grouped'
  | 'windowed'
  | 'sessions'
  | 'cogrouped'
  | 'windowedCogrouped'
  | 'cogroupedSessions'
  | 'table'
  | 'groupedTable'

export interface Verb {
  readonly on: Receiver
  readonly verb: string
  /** What comes before the options. */
  readonly before?: (receiver: object) => readonly unknown[]
  /** The options that it needs. */
  readonly needs?: object
  /** The options that it can do without. */
  readonly takes: readonly string[]
}

const fn = (): undefined => undefined
const named = ['name']
const serdes = ['key', 'value', 'name']
const fold = { initializer: fn, aggregator: fn, value: string() }
const cofold = { initializer: fn, value: string() }

/** A verb that takes a function, and nothing else but a name. */
const plain = (on: Receiver, verb: string): Verb => ({ on, verb, before: () => [fn], takes: named })

/** The verbs that have options. */
export const verbs: readonly Verb[] = [
  ...['filter', 'filterNot', 'map', 'mapValues', 'flatMap', 'flatMapValues', 'selectKey', 'foreach'].map((verb) =>
    plain('stream', verb),
  ),
  { on: 'stream', verb: 'peek', before: () => [fn], takes: ['name', 'effects'] },
  { on: 'stream', verb: 'merge', before: (stream) => [stream], takes: named },
  { on: 'stream', verb: 'split', before: () => [{ some: fn, rest: 'default' }], takes: named },
  ...['process', 'processValues'].map((verb): Verb => ({
    on: 'stream',
    verb,
    before: () => [fn],
    takes: ['stores', 'name'],
  })),
  ...['join', 'leftJoin', 'outerJoin'].map((verb): Verb => ({
    on: 'stream',
    verb,
    before: (stream) => [stream, fn],
    needs: { window: JoinWindows.of({ difference: 1 }) },
    takes: [...serdes, 'otherValue', 'late'],
  })),
  { on: 'stream', verb: 'distinct', needs: { id: fn, within: 1 }, takes: ['store', 'name'] },
  {
    on: 'stream',
    verb: 'mapAsync',
    before: () => [fn],
    takes: ['concurrency', 'order', 'timeoutMs', 'retries', ...serdes],
  },
  { on: 'stream', verb: 'groupByKey', takes: serdes },
  { on: 'stream', verb: 'groupBy', before: () => [fn], needs: { key: string() }, takes: ['value', 'name'] },
  { on: 'stream', verb: 'repartition', takes: [...serdes, 'partitions'] },
  { on: 'stream', verb: 'toTable', takes: ['store', 'versioned', ...serdes] },
  { on: 'stream', verb: 'to', before: () => [output], takes: named },
  ...(['grouped', 'windowed', 'sessions'] as const).flatMap((on): Verb[] => {
    const takes = on === 'grouped' ? ['store', 'name'] : ['store', 'retentionMs', 'late', 'name']
    return [
      { on, verb: 'count', takes },
      { on, verb: 'reduce', before: () => [fn], takes: ['value', ...takes] },
      { on, verb: 'aggregate', needs: on === 'sessions' ? { ...fold, merger: fn } : fold, takes },
    ]
  }),
  { on: 'cogrouped', verb: 'aggregate', needs: cofold, takes: ['store', 'name'] },
  { on: 'windowedCogrouped', verb: 'aggregate', needs: cofold, takes: ['store', 'retentionMs', 'late', 'name'] },
  {
    on: 'cogroupedSessions',
    verb: 'aggregate',
    needs: { ...cofold, merger: fn },
    takes: ['store', 'retentionMs', 'late', 'name'],
  },
  ...['filter', 'filterNot', 'mapValues'].map((verb): Verb => ({
    on: 'table',
    verb,
    before: () => [fn],
    takes: ['store', 'name'],
  })),
  { on: 'table', verb: 'transformValues', before: () => [fn], takes: ['stores', 'store', 'name'] },
  {
    on: 'table',
    verb: 'suppress',
    needs: { untilTimeLimit: 1 },
    takes: ['untilWindowCloses', 'maxRecords', 'maxBytes', 'whenFull', 'value', 'name'],
  },
  ...['join', 'leftJoin', 'outerJoin'].map((verb): Verb => ({
    on: 'table',
    verb,
    before: (table) => [table, fn],
    takes: [...(verb === 'outerJoin' ? [] : ['foreignKey']), 'store', 'name'],
  })),
  { on: 'table', verb: 'groupBy', before: () => [fn], needs: { key: string(), value: string() }, takes: named },
  { on: 'groupedTable', verb: 'count', takes: ['store', 'name'] },
  { on: 'groupedTable', verb: 'reduce', needs: { adder: fn, subtractor: fn }, takes: ['store', 'name'] },
  { on: 'groupedTable', verb: 'aggregate', needs: { ...fold, subtractor: fn }, takes: ['store', 'name'] },
  { on: 'table', verb: 'toStream', takes: ['deletes', 'name'] },
]

/** The verbs that have none. */
export const bareVerbs: readonly string[] = [
  'stream.pipe',
  'grouped.windowedBy',
  'grouped.cogroup',
  'cogrouped.cogroup',
  'cogrouped.windowedBy',
  'windowed.emitStrategy',
  'sessions.emitStrategy',
]

export const titleOf = ({ on, verb }: Verb): string => `${on}.${verb}`

/** What a verb is called on, made of a stream. */
export function receiverOf(on: Receiver, stream: object): object {
  if (on === 'stream') return stream
  const grouped = call(stream, 'groupByKey')
  if (on === 'table') return call(grouped, 'count')
  if (on === 'grouped') return grouped
  if (on === 'groupedTable') {
    return call(call(grouped, 'count'), 'groupBy', fn, { key: string(), value: string() })
  }
  const windows =
    on === 'sessions' || on === 'cogroupedSessions' ? SessionWindows.of({ gap: 1 }) : TimeWindows.of({ size: 1 })
  if (on === 'windowed' || on === 'sessions') return call(grouped, 'windowedBy', windows)
  const cogrouped = call(grouped, 'cogroup', fn)
  return on === 'cogrouped' ? cogrouped : call(cogrouped, 'windowedBy', windows)
}

/** Calls a verb with these options, or with whatever is given in their place. */
export function callVerb({ on, verb, before = () => [] }: Verb, stream: object, options: unknown): unknown {
  const receiver = receiverOf(on, stream)
  return call(receiver, verb, ...before(receiver), options)
}
