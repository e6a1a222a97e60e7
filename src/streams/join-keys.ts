/**
 * What every join by key has to see to: one format of keys on both sides, and a regrouping where a key was changed.
 */
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import type { PlanNode } from '../plan/node.ts'
import { requireKeyCodec, type StreamParts } from './parts.ts'

export type JoinVerb = 'join' | 'leftJoin' | 'outerJoin'

/** A side of a join, of any kind. */
export type Side = Pick<StreamParts, 'plan' | 'node' | 'keyCodec' | 'untouchedKeys' | 'rekeyed'>

/**
 * The codec of the keys of both sides: the one that is given, or else that of the side that knows it.
 *
 * Equal keys lie in equal partitions only where they were written alike, so a side that stays where it is must have
 * keys of the same format as the other.
 *
 * @throws MillraceError `topology_invalid`
 */
export function joinKeyCodec(verb: JoinVerb, given: object | undefined, left: Side, right: Side): Codec<unknown> {
  const known = left.keyCodec ?? right.keyCodec
  const codec = requireKeyCodec(verb, given, { ...left, keyCodec: known })
  requireKeyCodec(verb, given, { ...right, keyCodec: known })
  const formats = [left, right].map((side) => formatsOf(side, codec))
  const [first, other] = new Map(formats.flat().map((one) => [one.format, one])).values()
  if (first === undefined || other === undefined) return codec
  throw new MillraceError(
    'topology_invalid',
    `the two sides of ${verb} have keys of different formats, ${first.name} and ${other.name}, so equal keys may lie in ` +
      'different partitions: regroup one side by keys of the format of the other, with selectKey and { key }',
  )
}

/** By which codecs its keys came to their partitions, or will. */
function formatsOf({ keyCodec, untouchedKeys, rekeyed }: Side, codec: Codec<unknown>): readonly Codec<unknown>[] {
  if (rekeyed) return [codec]
  return keyCodec === undefined ? untouchedKeys : [keyCodec]
}

/** The node from which a side's records come with their keys in the right partitions. */
export function regrouped(
  verb: JoinVerb,
  name: string | undefined,
  { plan, node, rekeyed }: Side,
  keyCodec: Codec<unknown>,
  valueCodec: Codec<unknown>,
): PlanNode {
  if (!rekeyed) return node
  return plan.regroup(verb, node, name, keyCodec, valueCodec)
}
