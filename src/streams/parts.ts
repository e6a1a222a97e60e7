/**
 * What streams, grouped streams and tables are made of, and the codec that a verb works with.
 */
import { MillraceError } from '../core/errors.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import type { PlanNode } from '../plan/node.ts'
import type { KStream, Side } from './dsl.ts'
import type { PlanBuilder } from './plan-builder.ts'

export interface StreamParts {
  readonly plan: PlanBuilder
  readonly node: PlanNode
  readonly keyCodec: Codec<unknown> | undefined
  readonly valueCodec: Codec<unknown> | undefined
  /** Whether the key was changed since the records got their partition. */
  readonly rekeyed: boolean
}

/** Of a grouped stream and of a table: their keys are always known. */
export interface KeyedParts {
  readonly plan: PlanBuilder
  readonly node: PlanNode
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown> | undefined
  readonly streamOf: StreamFactory
}

/** Makes a stream; handed on from stream to table, because a stream makes grouped streams and those make tables. */
export type StreamFactory = <K, V, Known extends Side>(parts: StreamParts) => KStream<K, V, Known>

/**
 * The serde that is given, or the one that is known. The types ask for it too; a program without types gets the same
 * answer here, when the topology is built.
 */
export function requireCodec(
  verb: string,
  side: Side,
  given: object | undefined,
  known: Codec<unknown> | undefined,
): Codec<unknown> {
  if (given !== undefined) return codecOf(given as Serde<unknown>)
  if (known !== undefined) return known
  throw new MillraceError(
    'topology_invalid',
    `${verb} needs the serde of the ${side}, which a function before it made: ${verb}(…, { ${side}: json() })`,
  )
}
