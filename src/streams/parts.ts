/**
 * What streams, grouped streams and tables are made of, and the codec that a verb works with.
 */
import { type ErrorPlace, MillraceError } from '../core/errors.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import type { WindowForm } from '../core/windows/window-form.ts'
import type { PlanNode } from '../plan/node.ts'
import type { CogroupedKStream } from './dsl/cogrouped.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { KGroupedStream } from './dsl/grouped.ts'
import type { KGroupedTable } from './dsl/grouped-table.ts'
import type { KStream } from './dsl/stream.ts'
import type { KTable } from './dsl/table.ts'
import type { PlanBuilder } from '../plan/plan-builder.ts'
import type { TableRows } from './table-rows.ts'

/** What a stream is made of. */
export interface StreamParts {
  readonly faces: Faces
  readonly plan: PlanBuilder
  readonly node: PlanNode
  readonly keyCodec: Codec<unknown> | undefined
  readonly valueCodec: Codec<unknown> | undefined
  /**
   * The codecs of keys that arrive as they were read, or as windows made them; none once a function has made the key.
   */
  readonly untouchedKeys: readonly Codec<unknown>[]
  /** Whether the key was changed since the records got their partition. */
  readonly rekeyed: boolean
  /** Whether each record is the newest of its key: the changes of a table, maybe fewer, or with other values. */
  readonly newest: boolean
}

/** Of a grouped stream, and of a table too: their keys are always known. */
export interface KeyedParts {
  readonly faces: Faces
  readonly plan: PlanBuilder
  readonly node: PlanNode
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown> | undefined
  readonly untouchedKeys: readonly Codec<unknown>[]
}

/** What a table is made of. */
export interface TableParts extends KeyedParts {
  /** How others read its rows. */
  readonly rows: TableRows
  /**
   * The node whose every change comes here as one change of the same key: the table's own, or that of a table which
   * `mapValues` made this one of.
   */
  readonly origin: PlanNode
}

/** What a global table is made of. */
export interface GlobalTableParts {
  readonly plan: PlanBuilder
  readonly node: PlanNode
  /** How others read its rows, in whatever sub-topology. */
  readonly rows: TableRows
}

/** One of the grouped streams that fill a table together, with its aggregator. */
export interface Cogrouped {
  readonly parts: KeyedParts
  readonly aggregator: (key: unknown, value: unknown, aggregate: unknown) => unknown
}

/** What a join may have on its right. */
export type JoinedSide =
  | { readonly kind: 'stream'; readonly parts: StreamParts }
  | { readonly kind: 'table'; readonly parts: TableParts }
  | { readonly kind: 'global table'; readonly parts: GlobalTableParts }

/**
 * Makes what the verbs of the DSL return. It is handed on from each to the next, because a stream makes grouped
 * streams, those make tables and a table makes streams: none of their files can import the next one's.
 */
export interface Faces {
  stream<K, V, Known extends KnownSerdes>(parts: StreamParts): KStream<K, V, Known>
  grouped<K, V, Known extends KnownSerdes>(parts: KeyedParts): KGroupedStream<K, V, Known>
  groupedTable<K, V>(parts: KeyedParts): KGroupedTable<K, V>
  cogrouped<K, V, A>(inputs: readonly Cogrouped[]): CogroupedKStream<K, V, A>
  /** A table is the origin of its changes, unless something says otherwise. */
  table<K, V, Known extends KnownSerdes>(parts: Omit<TableParts, 'origin'> & Partial<TableParts>): KTable<K, V, Known>
  /** What a join has on its right; undefined: nothing that can be joined. */
  sideOf(given: unknown): JoinedSide | undefined
}

const sides = { key: 'key', value: 'value', otherValue: "other stream's value" } as const

/**
 * The serde that is given, or the one that is known. The types ask for it too; a program without types gets the same
 * answer here, when the topology is built.
 */
export function requireCodec(
  verb: string,
  side: 'key' | 'value' | 'otherValue',
  given: object | undefined,
  known: Codec<unknown> | undefined,
): Codec<unknown> {
  if (given !== undefined) return codecOf(given as Serde<unknown>)
  if (known !== undefined) return known
  throw new MillraceError(
    'topology_invalid',
    `${verb} needs the serde of the ${sides[side]}, which a function before it made: ${verb}(…, { ${side}: json() })`,
  )
}

/**
 * The codec with which a verb stores or regroups the keys of a stream: the one that is given or known, checked against
 * the windows that the keys are of.
 *
 * @throws MillraceError `topology_invalid`
 */
export function requireKeyCodec(
  verb: string,
  given: object | undefined,
  { keyCodec, untouchedKeys }: Pick<StreamParts, 'keyCodec' | 'untouchedKeys'>,
): Codec<unknown> {
  const codec = requireCodec(verb, 'key', given, keyCodec)
  checkWindows(verb, untouchedKeys, codec)
  return codec
}

/**
 * The bytes of a windowed key hold only the start of the window, or both ends of a session: written as another kind, it
 * would be read as that.
 *
 * @param keys what the stream has, as `untouchedKeys` says
 * @throws MillraceError `topology_invalid` for a codec of other windows than those of the keys, or of none
 */
export function checkWindows(
  what: string,
  keys: readonly Codec<unknown>[],
  codec: Codec<unknown>,
  place: ErrorPlace = {},
): void {
  const wrong = keys.find((key) => !fits(key.windowForms, codec))
  if (wrong === undefined) return
  throw new MillraceError(
    'topology_invalid',
    `the keys of ${what} are ${codec.name}, but those that arrive there are ${wrong.name}, and would be read as other ` +
      `windows: use ${wrong.windowForms[0]?.serde}, or change the keys with map`,
    place,
  )
}

function fits(forms: readonly WindowForm[], codec: Codec<unknown>): boolean {
  const others = codec.windowForms
  if (others.length > 0) return forms.every(({ name }, at) => name === (others[at]?.name ?? name))
  return forms.length === 0 || !codec.immutable // json() takes a window as an object, string() takes none
}
