// The operations that a case may use, each with its fields, and those that the DSL does not bring yet.
import { CaseError, type Fields, json, listOf, objectOf, oneOf, text, whole, yes } from './fields.ts'
import { type FunctionKind, vocabulary } from './kinds.ts'
import { find } from './vocabulary.ts'

/** Time windows of an aggregation. */
export interface WindowFields {
  readonly type: 'tumbling' | 'hopping' | 'sliding' | 'session' | 'unlimited'
  readonly sizeMs?: number
  readonly advanceMs?: number
  readonly diffMs?: number
  readonly gapMs?: number
  readonly startMs?: number
  readonly graceMs?: number
}

const windowFields = {
  tumbling: ['sizeMs', 'graceMs'],
  hopping: ['sizeMs', 'advanceMs', 'graceMs'],
  sliding: ['diffMs', 'graceMs'],
  session: ['gapMs', 'graceMs'],
  unlimited: [],
} as const satisfies Record<WindowFields['type'], readonly string[]>

const timeWindow = objectOf<WindowFields>((fields) => {
  const type = fields.need('type', oneOf('tumbling', 'hopping', 'sliding', 'session', 'unlimited'))
  const bounds = windowFields[type].map((name) => [name, fields.need(name, whole)])
  const startMs = type === 'unlimited' ? fields.may('startMs', whole) : undefined
  return { type, ...Object.fromEntries(bounds), ...(startMs === undefined ? {} : { startMs }) }
})

const joinWindow = objectOf((fields) => ({
  beforeMs: fields.need('beforeMs', whole),
  afterMs: fields.need('afterMs', whole),
  graceMs: fields.need('graceMs', whole),
}))

/** A function's name, kept as text: the builder finds it again where it knows its kind. */
const call =
  (kind: FunctionKind) =>
  (value: unknown, where: string): string => {
    const name = text(value, where)
    try {
      find<unknown>(kind, vocabulary[kind], name)
    } catch (error) {
      throw new CaseError(`${where}: ${(error as Error).message}`, { cause: error })
    }
    return name
  }

const literal = (value: unknown, where: string): string | number => {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as string | number
  throw new CaseError(`${where}: expected a string or a whole number, got ${json(value)}`)
}

const branch = objectOf((fields) => ({ id: fields.need('id', text), fn: fields.need('fn', call('predicate')) }))
const cogrouped = objectOf((fields) => ({ in: fields.need('in', text), agg: fields.need('agg', call('aggregate')) }))

/** Every field beside id, op, in and fn, with its reader. */
const readers = {
  topic: text,
  topics: listOf(text),
  pattern: text,
  topicFn: call('key'),
  keyFn: call('key'),
  valueFn: call('value'),
  fk: call('key'),
  store: text,
  name: text,
  versionedMs: whole,
  retentionMs: whole,
  graceMs: whole,
  window: timeWindow,
  joinWindow,
  emit: oneOf('onWindowClose'),
  inputs: listOf(cogrouped),
  branches: listOf(branch),
  default: text,
  init: literal,
  agg: call('aggregate'),
  reducer: call('aggregate'),
  adder: call('aggregate'),
  subtractor: call('aggregate'),
  merger: call('aggregate'),
  untilWindowCloses: yes,
  untilTimeLimitMs: whole,
  maxRecords: whole,
  whenFull: oneOf('emitEarly', 'shutDown'),
  stores: listOf(text),
}

type FieldName = keyof typeof readers

export type Operands = { readonly [F in FieldName]?: ReturnType<(typeof readers)[F]> }

/** What an operation takes. */
export interface OperationFields {
  /** How many nodes it works on. */
  readonly inputs: 'none' | 'one' | 'two' | 'several'
  /** The kind of its `fn`; without one it has none. */
  readonly fn?: FunctionKind
  readonly needs?: readonly FieldName[]
  readonly may?: readonly FieldName[]
  /** Exactly one of these. */
  readonly either?: readonly FieldName[]
}

export const operations = {
  stream: { inputs: 'none', either: ['topic', 'topics', 'pattern'] },
  table: { inputs: 'none', needs: ['topic'], may: ['store', 'versionedMs'] },
  globalTable: { inputs: 'none', needs: ['topic'], may: ['store'] },
  filter: { inputs: 'one', fn: 'predicate', may: ['store'] },
  filterNot: { inputs: 'one', fn: 'predicate', may: ['store'] },
  map: { inputs: 'one', needs: ['keyFn', 'valueFn'] },
  mapValues: { inputs: 'one', fn: 'value', may: ['store'] },
  flatMap: { inputs: 'one', fn: 'flat', needs: ['keyFn'] },
  flatMapValues: { inputs: 'one', fn: 'flat' },
  selectKey: { inputs: 'one', fn: 'key' },
  peek: { inputs: 'one' },
  merge: { inputs: 'several' },
  split: { inputs: 'one', needs: ['branches'], may: ['default'] },
  repartition: { inputs: 'one', may: ['name'] },
  to: { inputs: 'one', either: ['topic', 'topicFn'] },
  toTable: { inputs: 'one', may: ['store', 'versionedMs'] },
  toStream: { inputs: 'one', may: ['keyFn'] },
  groupByKey: { inputs: 'one', may: ['name'] },
  groupBy: { inputs: 'one', needs: ['keyFn'], may: ['valueFn', 'name'] },
  windowedBy: { inputs: 'one', needs: ['window'], may: ['emit'] },
  cogroup: { inputs: 'none', needs: ['inputs'] },
  count: { inputs: 'one', may: ['store', 'retentionMs'] },
  reduce: { inputs: 'one', may: ['reducer', 'adder', 'subtractor', 'store', 'retentionMs'] },
  aggregate: {
    inputs: 'one',
    needs: ['init'],
    may: ['agg', 'adder', 'subtractor', 'merger', 'store', 'retentionMs'],
  },
  join: { inputs: 'two', fn: 'join', may: ['joinWindow', 'graceMs', 'fk', 'keyFn', 'store'] },
  leftJoin: { inputs: 'two', fn: 'join', may: ['joinWindow', 'graceMs', 'fk', 'keyFn', 'store'] },
  outerJoin: { inputs: 'two', fn: 'join', may: ['joinWindow', 'store'] },
  suppress: { inputs: 'one', either: ['untilWindowCloses', 'untilTimeLimitMs'], may: ['maxRecords', 'whenFull'] },
  process: { inputs: 'one', fn: 'process', may: ['stores'] },
  processValues: { inputs: 'one', fn: 'processValues', may: ['stores'] },
} as const satisfies Readonly<Record<string, OperationFields>>

export type Operation = keyof typeof operations

/** One operation of a case. */
export interface CaseNode extends Operands {
  /** What errors call it. */
  readonly where: string
  readonly id: string
  readonly op: Operation
  readonly in: readonly string[]
  readonly fn?: string
}

/** In a case the window of a join is called `window` too. */
const jsonName = (field: FieldName): string => (field === 'joinWindow' ? 'window' : field)

const names = Object.keys(operations) as Operation[]

export function readNode(fields: Fields, where: string): CaseNode {
  const op = fields.need('op', (value, at) => {
    if (names.includes(value as Operation)) return value as Operation
    throw new CaseError(`${at}: unknown operation ${json(value)}`)
  })
  const id = fields.need('id', text)
  const place = `${op} "${id}"`
  const { inputs, fn, needs = [], may = [], either = [] }: OperationFields = operations[op]
  const operands: Record<string, unknown> = {}
  const take = (field: FieldName): void => {
    operands[field] = fields.need(jsonName(field), (value) => readers[field](value, `${place}: ${jsonName(field)}`))
  }
  for (const field of needs) take(field)
  for (const field of [...may, ...either]) if (fields.has(jsonName(field))) take(field)
  const chosen = either.filter((field) => field in operands)
  if (either.length > 0 && chosen.length !== 1) throw new CaseError(`${place}: needs one of ${either.join(', ')}`)
  return {
    ...operands,
    ...(fn === undefined ? {} : { fn: fields.need('fn', (value) => call(fn)(value, `${place}: fn`)) }),
    where: place,
    id,
    op,
    in: readInputs(fields, inputs, `${where}.in`),
  }
}

function readInputs(fields: Fields, inputs: OperationFields['inputs'], where: string): readonly string[] {
  if (inputs === 'none') return []
  if (inputs === 'one') return [fields.need('in', text)]
  const list = fields.need('in', listOf(text))
  if (inputs === 'two' ? list.length === 2 : list.length >= 2) return list
  throw new CaseError(`${where}: expected ${inputs === 'two' ? 'two' : 'two or more'} nodes, got ${list.length}`)
}

/** Something that cases ask for and the DSL does not bring yet. */
export interface NotYet {
  readonly op: Operation
  /** Only when the node has this field, */
  readonly field?: FieldName
  /** these windows, */
  readonly window?: WindowFields['type']
  /** this input, */
  readonly of?: 'table'
  /** or a stream as the first input and this as the second. */
  readonly with?: 'table'
}

/**
 * The closed list of reasons to skip a case. What the DSL learns leaves this list; the compiler then asks for its builder.
 */
export const notYet = [] as const satisfies readonly NotYet[]

/** Operations that the DSL brings, at least for some inputs. */
export type BuiltOperation = Exclude<
  Operation,
  Exclude<(typeof notYet)[number], { field: string } | { window: string } | { of: string } | { with: string }>['op']
>

export const reasonOf = ({ op, field, window, of, with: other }: NotYet): string =>
  `${op}${other === undefined ? '' : ` of a stream and a ${other}`}${field === undefined ? '' : ` with ${field}`}${window === undefined ? '' : ` in ${window} windows`}${of === undefined ? '' : ` of a ${of}`}`

/** Operations that make tables, and those that make what their first input is. */
const makesTable: readonly Operation[] = ['table', 'globalTable', 'toTable', 'count', 'reduce', 'aggregate', 'suppress']
const keepsKind: readonly Operation[] = ['filter', 'filterNot', 'mapValues', 'join', 'leftJoin', 'outerJoin']

/** Why a case cannot be run yet: the first of its nodes that stands on the list. */
export function reasonToSkip(nodes: readonly CaseNode[], list: readonly NotYet[] = notYet): NotYet | undefined {
  const tables = new Set<string>()
  for (const node of nodes) {
    const [first = '', second = ''] = node.in
    const found = list.find(
      ({ op, field, window, of, with: other }) =>
        op === node.op &&
        (field === undefined || node[field] !== undefined) &&
        (window === undefined || node.window?.type === window) &&
        (of === undefined || tables.has(first)) &&
        (other === undefined || (!tables.has(first) && tables.has(second))),
    )
    if (found !== undefined) return found
    if (makesTable.includes(node.op) || (keepsKind.includes(node.op) && tables.has(first))) tables.add(node.id)
  }
  return undefined
}
