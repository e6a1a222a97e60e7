// Serdes, topics and stores of a case: those that a user of millrace would write for its types.
import {
  int64,
  type KeyValueStore,
  keyValueStore,
  nullable,
  type Serde,
  type SessionStore,
  sessionStore,
  sessionWindowed,
  string,
  type Topic,
  topic,
  type Windowed,
  windowed,
  type VersionedStore,
  versionedStore,
  type WindowStore,
  windowStore,
} from 'millrace'
import type { Case, CaseTopic, TopicType } from './case.ts'
import { CaseError } from './fields.ts'
import type { DataType, WindowedType } from './vocabulary.ts'

/** Keys and values of any type: a case is data, so the compiler knows none of them. */
export type AnySerde = Serde<unknown>
export type AnyTopic = Topic<unknown, unknown>
export type AnyKeyValueStore = KeyValueStore<unknown, unknown>
export type AnyWindowStore = WindowStore<unknown, unknown>

interface Serdes {
  /** As stores and regroupings take them. */
  readonly plain: AnySerde
  /** As topics take them, because a case may have null anywhere. */
  readonly orNull: AnySerde
}

function serdesOf<T>(plain: Serde<T>): Serdes {
  return { plain: plain as AnySerde, orNull: nullable(plain) as AnySerde }
}

const strings = serdesOf(string())
const longs = serdesOf(int64())
const windows = new Map<WindowedType['windowMs'], Serdes>()

function serdes(type: DataType): Serdes {
  if (type === 'long') return longs
  if (type === 'string' || type === 'null') return strings
  let known = windows.get(type.windowMs)
  if (known === undefined) windows.set(type.windowMs, (known = serdesOf(windowedSerde(type))))
  return known
}

const windowedSerde = ({ windowMs }: WindowedType): Serde<Windowed<string>> =>
  windowMs === 'session' ? sessionWindowed(string()) : windowed(string(), { size: windowMs })

/** A serde for keys and values that are never null; one of nothing but null is a string's. */
export const plainSerde = (type: DataType): AnySerde => serdes(type).plain

export const nullableSerde = (type: DataType): AnySerde => serdes(type).orNull

const fits = (type: DataType, declared: TopicType): boolean =>
  type === 'null' || (typeof type === 'object' ? declared === 'windowed<string>' : type === declared)

/** A topic of a case, with the types of its keys and values. */
export interface TypedTopic {
  readonly topic: AnyTopic
  readonly key: DataType
  readonly value: DataType
}

/** The topics of a case, each made once: millrace knows a topic by its constant. */
export class CaseTopics {
  readonly #declared: Case['topics']
  readonly #made = new Map<string, TypedTopic>()
  readonly #read = new Set<string>()
  readonly #written = new Map<string, AnyTopic>()

  constructor(declared: Case['topics']) {
    this.#declared = declared
  }

  /** A topic to read or to pipe into. */
  input(name: string): TypedTopic {
    this.#read.add(name)
    return this.#topic(name, undefined)
  }

  /** The topics to read whose names match. */
  inputs(pattern: RegExp): readonly TypedTopic[] {
    return [...this.#declared.keys()].filter((name) => pattern.test(name)).map((name) => this.input(name))
  }

  /** The topic for records of these types. */
  output(name: string, key: DataType, value: DataType): AnyTopic {
    const made = this.#topic(name, typeof key === 'object' ? key.windowMs : undefined)
    for (const [side, type] of [
      ['key', key],
      ['value', value],
    ] as const) {
      const declared = this.#declared.get(name)?.[side]
      const sameWindow =
        typeof type !== 'object' || (typeof made.key === 'object' && made.key.windowMs === type.windowMs)
      if (declared === undefined || !fits(type, declared) || !sameWindow) {
        throw new CaseError(`the ${side} of topic "${name}" is ${declared}, but gets ${JSON.stringify(type)}`)
      }
    }
    this.#written.set(name, made.topic)
    return made.topic
  }

  /** All topics that records of these types may go to: those that fit, and that no operator reads. */
  outputs(key: DataType, value: DataType): ReadonlyMap<string, AnyTopic> {
    const fitting = [...this.#declared].filter(
      ([name, declared]) => !this.#read.has(name) && fits(key, declared.key) && fits(value, declared.value),
    )
    return new Map(fitting.map(([name]) => [name, this.output(name, key, value)]))
  }

  /** Every topic that an operator writes. */
  get written(): ReadonlyMap<string, AnyTopic> {
    return this.#written
  }

  #topic(name: string, windowMs: WindowedType['windowMs'] | undefined): TypedTopic {
    const known = this.#made.get(name)
    if (known !== undefined) return known
    const declared = this.#declared.get(name)
    if (declared === undefined) throw new CaseError(`topic "${name}" is not declared`)
    const [key, value] = [declared.key, declared.value].map((type): DataType => {
      if (type !== 'windowed<string>') return type
      if (windowMs === undefined) throw new CaseError(`topic "${name}" has windowed keys, but nothing says how long`)
      return { windowMs }
    }) as [DataType, DataType]
    const made = {
      topic: topic(name, { key: nullableSerde(key), value: nullableSerde(value) }),
      key,
      value,
    }
    this.#made.set(name, made)
    return made
  }
}

/** A store that is queried at the end. */
export type CaseStoreConstant =
  | AnyKeyValueStore
  | AnyWindowStore
  | SessionStore<unknown, unknown>
  | VersionedStore<unknown, unknown>

export const rowStore = (name: string, key: DataType, value: DataType): AnyKeyValueStore =>
  keyValueStore(name, { key: plainSerde(key), value: plainSerde(value) })

/** A store of processors. */
export function heldStore(name: string, { key, value }: CaseTopic, headers: boolean): AnyKeyValueStore {
  if (key === 'windowed<string>' || value === 'windowed<string>') throw new CaseError(`store "${name}" holds windows`)
  return keyValueStore(name, { key: plainSerde(key), value: plainSerde(value), headers })
}

export const windowedRowStore = (name: string, key: DataType, value: DataType): AnyWindowStore =>
  windowStore(name, { key: plainSerde(key), value: plainSerde(value) })

export const sessionRowStore = (name: string, key: DataType, value: DataType): SessionStore<unknown, unknown> =>
  sessionStore(name, { key: plainSerde(key), value: plainSerde(value) })

export const versionStore = (
  name: string,
  key: DataType,
  value: DataType,
  historyMs: number,
): VersionedStore<unknown, unknown> =>
  versionedStore(name, { key: plainSerde(key), value: plainSerde(value), historyMs })
