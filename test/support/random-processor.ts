// Operators of users for random topologies. A processor keeps a sum for each key, forwards it, and by stream time what its
// store holds. A transformer adds to each row what the row has been, and deletes some.
import {
  int64,
  type KeyValueStore,
  keyValueStore,
  nullable,
  type Processor,
  string,
  type ValueTransformer,
} from 'millrace'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import { type CarrierObserver, operatorError, type OperatorFactory } from '../../src/plan/operator.ts'
import { operate, PassingSubscriber } from '../../src/plan/subscriber.ts'

type Key = string | null
type Value = number | null

export const sums = (name: string, headers: boolean) =>
  keyValueStore(`${name}-sums`, { key: nullable(string()), value: int64(), headers })

/** @param store what it keeps, made by {@link sums} */
export function summingUp(store: ReturnType<typeof sums>, detail: number): Processor<Key, Value> {
  return (context) => {
    const rows = context.store(store)
    const schedule = context.schedule(5 + (detail % 20), 'streamTime', (now) => {
      for (const row of rows.range({ reverse: detail % 2 === 0 })) {
        context.forward(row)
        if (row.value % 5 === 0) rows.delete(row.key)
      }
      if (detail % 7 === 0 && now > 40) schedule.cancel()
    })
    return {
      process(record) {
        const { key, value } = record
        if (key === null) return context.forward(record)
        const sum = ((rows.get(key) ?? 0) * 31 + (value ?? detail)) % 1_009
        rows.put(key, sum)
        if (detail % 3 === 0) context.commit()
        context.forward({ key, value: sum })
      },
    }
  }
}

export function addingUp(store: KeyValueStore<string, number>): ValueTransformer<string, number, number> {
  return (context) => {
    const rows = context.store(store)
    return {
      transform({ key, value }) {
        const sum = ((rows.get(key) ?? 0) * 31 + (value ?? 1)) % 1_009
        rows.put(key, sum)
        return sum % 6 === 5 ? null : sum
      },
    }
  }
}

const keyCodec = codecOf(nullable(string())) as Codec<unknown>
const valueCodec = codecOf(nullable(int64())) as Codec<unknown>

/** Passes records on, and their sum and number now and then; where that is a multiple of 7, it throws after it has emitted. */
export function summing(detail: number): OperatorFactory {
  return (context) => {
    const [sum, count] = [context.cell('sum'), context.cell('count')]
    let to: CarrierObserver | undefined
    const report = (now: number, job: Carrier): void => {
      to?.next(job.withKeyAndValue<unknown, unknown>(`p${now % 3}`, keyCodec, sum.value, valueCodec))
      to?.next(job.withKeyAndValue<unknown, unknown>('count', keyCodec, count.value, valueCodec))
      count.set(0)
      if (sum.value % 7 === 3) throw operatorError(context.operator, new Error(`${sum.value} is not wanted`))
    }
    context.schedule(1 + (detail % 11), 'streamTime', report)
    context.schedule(1 + (detail % 17), 'streamTime', report, { startMs: detail % 13 })
    return operate((out) => {
      to = out
      return new PassingSubscriber({
        next(carrier) {
          const { value } = carrier
          sum.set(sum.value + (typeof value === 'number' ? value : 1))
          count.set(count.value + 1)
          out.next(carrier)
        },
      })
    })
  }
}
