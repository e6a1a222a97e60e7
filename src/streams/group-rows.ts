/**
 * groupBy of a table: a row leaves the group of its old value and joins the group of its new one.
 *
 * Semantics: Kafka Streams'. A row that stays in its group is one change there. One that moves is two: the group that
 * it leaves gets it as the old value of a delete, then the one that it joins gets it as a value that replaced none. A
 * row whose mapped key or value is null belongs to no group. Groups are told apart by the bytes of their keys.
 */
import type { Subscriber } from 'rxjs'
import { ByteWriter } from '../core/bytes.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Codec } from '../core/serde.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OldValues } from '../plan/node.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { functionOf } from './answers.ts'
import type { RecordOutput } from './dsl/functions.ts'
import { carrierOf } from './map.ts'

type Mapper = (record: StreamRecord<unknown, unknown>) => unknown

/** What the node of {@link groupingRows} says; a regrouping of changes follows it. */
export const ofRowGroups: OldValues = Object.freeze({ needed: true, from: 'input' })

export function groupingRows<K, V, K2, V2>(
  mapper: (record: StreamRecord<K, V>) => RecordOutput<K2, V2>,
  keyCodec: Codec<unknown>,
): OperatorFactory {
  return (context) => operate((out) => new GroupRowsSubscriber(out, context, mapper as Mapper, keyCodec))
}

class GroupRowsSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #what: string
  readonly #mapper: Mapper
  readonly #keyCodec: Codec<unknown>
  readonly #scratch = new ByteWriter(256)

  constructor(out: Subscriber<Carrier>, context: OperatorContext, mapper: Mapper, keyCodec: Codec<unknown>) {
    super(out)
    this.#context = context
    this.#what = functionOf(context)
    this.#mapper = mapper
    this.#keyCodec = keyCodec
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isOlderVersion) return this.#context.drop('older_version', carrier)
    const mapped = carrier.isValueNull ? undefined : this.#map(carrier, carrier.view())
    const left = carrier.old === null ? undefined : inGroup(this.#map(carrier, carrier.oldView()))
    const joined = inGroup(mapped)
    const stays = left !== undefined && joined !== undefined && this.#isSameGroup(left, joined)
    if (left !== undefined && !stays) this.out.next(left.withChange<unknown>(null, left.value, undefined))
    if (joined !== undefined) {
      joined.old = stays ? left.value : null
      this.out.next(joined)
    } else if (mapped !== undefined) this.#context.drop(mapped.isKeyNull ? 'null_key' : 'null_value', carrier)
  }

  #map(carrier: Carrier, record: StreamRecord<unknown, unknown>): Carrier {
    try {
      return carrierOf(carrier, this.#mapper(record), this.#what)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  #isSameGroup(left: Carrier, joined: Carrier): boolean {
    if (Object.is(left.key, joined.key)) return true
    const scratch = this.#scratch
    scratch.at = 0
    try {
      left.writeKey(this.#keyCodec, scratch)
      const middle = scratch.at
      joined.writeKey(this.#keyCodec, scratch)
      return scratch.bytes.subarray(0, middle).equals(scratch.bytes.subarray(middle, scratch.at))
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }
}

/** A row without a key or value of its own is in no group. */
function inGroup(member: Carrier | undefined): Carrier | undefined {
  return member === undefined || member.isKeyNull || member.isValueNull ? undefined : member
}
