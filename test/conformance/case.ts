// What a conformance case is, and its strict reader: README.md is the page that it keeps to.
import { basename, dirname } from 'node:path'
import {
  CaseError,
  Fields,
  anything,
  json,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  orNull,
  type Reader,
  text,
  whole,
  yes,
} from './fields.ts'
import { type CaseNode, readNode } from './operations.ts'
import type { Value } from './vocabulary.ts'

/** The key of a windowed table as it stands in a case; `end` is null for a window without end. */
export interface CaseWindowedKey {
  readonly key: string
  readonly start: number
  readonly end: number | null
}

export type CaseKey = Value | CaseWindowedKey

export interface CaseRecord {
  readonly key: CaseKey
  readonly value: Value
  readonly ts: number
  readonly headers?: readonly CaseHeader[]
}

export type CaseHeader = readonly [name: string, value: string | null]

export type TopicType = 'string' | 'long' | 'windowed<string>'

export interface CaseTopic {
  readonly key: TopicType
  readonly value: TopicType
}

/** Topic to the records that one step emits. */
export type Emitted = ReadonlyMap<string, readonly CaseRecord[]>

export interface CaseStep {
  readonly pipe?: CaseRecord & { readonly topic: string }
  readonly advanceWallMs?: number
  readonly throws: boolean
  /** Of a deviation this is what millrace must emit. */
  readonly expect: Emitted
}

export type StoreType = 'keyValue' | 'record' | 'timestamped' | 'window' | 'session' | 'versioned'

export interface CaseStoreRow {
  readonly key: CaseKey
  readonly value: Value
  readonly ts?: number
  readonly asOf?: number | null
  readonly headers?: readonly CaseHeader[]
}

export interface CaseStore {
  readonly type: StoreType
  /** Of a store of processors. */
  readonly holds?: CaseTopic
  readonly rows: readonly CaseStoreRow[]
}

export interface Case {
  readonly name: string
  readonly feature: string
  readonly compare: 'sequence' | 'set' | 'table'
  readonly headers: boolean
  readonly buildError: boolean
  /** What happens when a function fails; the application fails where it is absent. */
  readonly onError?: 'skip' | 'deadLetter'
  readonly topics: ReadonlyMap<string, CaseTopic>
  /** Compared at the end. */
  readonly stores: ReadonlyMap<string, CaseStore>
  readonly nodes: readonly CaseNode[]
  readonly steps: readonly CaseStep[]
}

/** The fields of a case; README.md says what they mean. */
export const caseFields = [
  'name',
  'about',
  'features',
  'kafka',
  'compare',
  'deviation',
  'seed',
  'headers',
  'config',
  'buildError',
  'topics',
  'stores',
  'nodes',
  'steps',
  'finalStores',
  'oursFinalStores',
] as const

const value: Reader<Value> = (read, where) => {
  if (read === null || typeof read === 'string' || Number.isSafeInteger(read)) return read as Value
  throw new CaseError(`${where}: expected a string, a whole number or null, got ${json(read)}`)
}

const anyText: Reader<string> = (read, where) => (read === '' ? '' : text(read, where))

const windowedKey = objectOf<CaseWindowedKey>((fields) => ({
  key: fields.need('key', anyText),
  start: fields.need('start', whole),
  end: fields.need('end', orNull(whole)),
}))

const key: Reader<CaseKey> = (read, where) =>
  typeof read === 'object' && read !== null ? windowedKey(read, where) : value(read, where)

const header: Reader<CaseHeader> = (read, where) => {
  const [name, content] = listOf(orNull(anyText))(read, where)
  if (!Array.isArray(read) || read.length !== 2 || typeof name !== 'string' || content === undefined) {
    throw new CaseError(`${where}: expected [name, value], got ${json(read)}`)
  }
  return [name, content]
}

const recordOf = (fields: Fields): CaseRecord => {
  const headers = fields.may('headers', listOf(header))
  return {
    key: fields.need('key', key),
    value: fields.need('value', value),
    ts: fields.need('ts', whole),
    ...(headers === undefined ? {} : { headers }),
  }
}

const pipe = objectOf((fields) => ({ topic: fields.need('topic', text), ...recordOf(fields) }))
const emitted = mapOf(listOf(objectOf(recordOf)))

const step = objectOf((fields, where) => {
  const piped = fields.may('pipe', pipe)
  const advanceWallMs = fields.may('advanceWallMs', whole)
  if ((piped === undefined) === (advanceWallMs === undefined)) {
    throw new CaseError(`${where}: is neither pipe nor advanceWallMs`)
  }
  return {
    ...(piped === undefined ? {} : { pipe: piped }),
    ...(advanceWallMs === undefined ? {} : { advanceWallMs }),
    throws: fields.may('throws', yes) ?? false,
    expect: fields.need('expect', emitted),
    ours: fields.may('ours', emitted),
  }
})

const types = ['string', 'long', 'windowed<string>'] as const
const topicOf = objectOf<CaseTopic>((fields) => ({
  key: fields.need('key', oneOf(...types)),
  value: fields.need('value', oneOf(...types)),
}))

interface StoreDeclaration {
  readonly type: StoreType
  readonly holds?: CaseTopic
}

const storeOf = objectOf<StoreDeclaration>((fields) => {
  const type = fields.need('type', oneOf('keyValue', 'record', 'timestamped', 'window', 'session', 'versioned'))
  const isOfProcessors = type === 'keyValue' || type === 'record'
  const [key, value] = isOfProcessors
    ? [fields.need('key', oneOf(...types)), fields.need('value', oneOf(...types))]
    : []
  if (type === 'versioned') {
    fields.need('keys', listOf(text))
    fields.need('asOf', listOf(orNull(whole)))
  }
  return { type, ...(key === undefined || value === undefined ? {} : { holds: { key, value } }) }
})

const storeRow = objectOf<CaseStoreRow>((fields) => {
  const ts = fields.may('ts', whole)
  const asOf = fields.may('asOf', orNull(whole))
  const headers = fields.may('headers', listOf(header))
  return {
    key: fields.need('key', key),
    value: fields.need('value', value),
    ...(ts === undefined ? {} : { ts }),
    ...(asOf === undefined ? {} : { asOf }),
    ...(headers === undefined ? {} : { headers }),
  }
})

const finalStores = mapOf(listOf(storeRow))
/** What happens when a function fails. Topology optimisation changes nothing that a case shows, so millrace has no such setting. */
const config = objectOf((fields) => {
  if (fields.has('optimization')) fields.need('optimization', oneOf('all'))
  return fields.may('onError', oneOf('skip', 'deadLetter'))
})
const deviation = objectOf((fields) => {
  fields.need('why', text)
  return fields.need('id', text)
})

const caseOf = objectOf((fields) => {
  fields.need('about', text)
  fields.may('seed', anything)
  fields.need('kafka', oneOf('4.4.0'))
  const onError = fields.may('config', config)
  const [feature = ''] = fields.need('features', listOf(text))
  const deviates = fields.need('deviation', orNull(deviation)) !== null
  const declared = fields.may('stores', mapOf(storeOf)) ?? new Map<string, StoreDeclaration>()
  const steps = fields.need('steps', listOf(step))
  const rows = fields.may('finalStores', finalStores)
  const ourRows = fields.may('oursFinalStores', finalStores)
  if (!deviates && (ourRows !== undefined || steps.some(({ ours }) => ours !== undefined))) {
    throw new CaseError('has `ours`, but is no deviation')
  }
  return {
    name: fields.need('name', text),
    feature,
    compare: fields.need('compare', oneOf('sequence', 'set', 'table')),
    headers: fields.may('headers', yes) ?? false,
    buildError: fields.may('buildError', yes) ?? false,
    ...(onError === undefined ? {} : { onError }),
    topics: fields.need('topics', mapOf(topicOf)),
    stores: storesOf(declared, ourRows ?? rows ?? new Map<string, readonly CaseStoreRow[]>()),
    nodes: fields.need('nodes', listOf(objectOf(readNode))),
    // A step of a deviation that millrace does otherwise does not throw either.
    steps: steps.map(({ expect, ours, throws, ...rest }) => ({
      ...rest,
      throws: throws && ours === undefined,
      expect: ours ?? expect,
    })),
  }
})

function storesOf(
  declared: ReadonlyMap<string, StoreDeclaration>,
  rows: ReadonlyMap<string, readonly CaseStoreRow[]>,
): ReadonlyMap<string, CaseStore> {
  for (const name of rows.keys()) {
    if (!declared.has(name)) throw new CaseError(`finalStores: store "${name}" is not declared in stores`)
  }
  return new Map(
    [...declared].map(([name, { type, holds }]) => {
      const content = rows.get(name)
      if (content === undefined) throw new CaseError(`finalStores: says nothing about store "${name}"`)
      for (const row of content) {
        const hasTime =
          type === 'timestamped' ||
          type === 'window' ||
          type === 'record' ||
          (type === 'versioned' && row.value !== null)
        const fitsType =
          (row.ts !== undefined) === hasTime &&
          (row.asOf !== undefined) === (type === 'versioned') &&
          (row.headers !== undefined) === (type === 'record')
        if (!fitsType) {
          throw new CaseError(`finalStores: ${json(row)} is no row of a ${type} store`)
        }
      }
      return [name, { type, ...(holds === undefined ? {} : { holds }), rows: content }]
    }),
  )
}

/**
 * Reads a case of the file at `path`.
 *
 * @throws CaseError where it does not keep to README.md
 */
export function readCase(content: string, path: string): Case {
  let parsed: unknown
  try {
    parsed = JSON.parse(content)
  } catch (cause) {
    throw new CaseError(`is no JSON: ${(cause as Error).message}`, { cause })
  }
  const read = caseOf(parsed, 'case')
  if (read.name !== basename(path, '.json')) throw new CaseError(`is called "${read.name}", unlike its file`)
  if (read.feature !== basename(dirname(path)))
    throw new CaseError(`begins its features with "${read.feature}", unlike its folder`)
  check(read)
  return read
}

/** What holds between the parts of a case. */
function check({ buildError, headers, nodes, steps, stores, topics }: Case): void {
  const ids = new Set<string>()
  for (const { where, id, op, branches, default: rest, inputs = [], in: ins, topic, topics: several = [] } of nodes) {
    for (const input of [...ins, ...inputs.map((one) => one.in)]) {
      if (!ids.has(input)) throw new CaseError(`${where}: no node before it is called "${input}"`)
    }
    const made = op === 'split' ? [...(branches ?? []).map((one) => one.id), rest ?? id] : [id]
    for (const name of made) {
      if (ids.has(name)) throw new CaseError(`${where}: two nodes are called "${name}"`)
      ids.add(name)
    }
    for (const name of [topic ?? [], several].flat()) {
      if (!topics.has(name)) throw new CaseError(`${where}: topic "${name}" is not declared`)
    }
  }
  if (buildError) {
    if (steps.length > 0 || stores.size > 0) throw new CaseError('a refused topology has neither steps nor stores')
    return
  }
  const expectations =
    steps.flatMap((one) => [...one.expect.values()]).flat().length + steps.filter((one) => one.throws).length
  if (expectations === 0) throw new CaseError('expects nothing')
  for (const [index, { pipe: piped, throws, expect }] of steps.entries()) {
    const where = `step ${index}`
    if (throws && index < steps.length - 1) throw new CaseError(`${where}: throws, but is not the last one`)
    if (piped !== undefined) fits(piped, piped.topic, topics, `${where}: pipe`)
    if (piped?.headers !== undefined && !headers)
      throw new CaseError(`${where}: has headers, but the case does not compare them`)
    for (const [topic, records] of expect) {
      for (const record of records) {
        fits(record, topic, topics, `${where}: expect`)
        if ((record.headers !== undefined) !== headers)
          throw new CaseError(`${where}: ${headers ? 'lacks' : 'has'} headers`)
      }
    }
  }
}

function fits(record: CaseRecord, topic: string, topics: Case['topics'], where: string): void {
  const type = topics.get(topic)
  if (type === undefined) throw new CaseError(`${where}: topic "${topic}" is not declared`)
  for (const side of ['key', 'value'] as const) {
    if (record[side] !== null && typeNameOf(record[side]) !== type[side]) {
      throw new CaseError(`${where}: ${json(record[side])} is no ${type[side]}, which the ${side} of "${topic}" is`)
    }
  }
}

const typeNameOf = (part: CaseKey): TopicType =>
  typeof part === 'string' ? 'string' : typeof part === 'number' ? 'long' : 'windowed<string>'
