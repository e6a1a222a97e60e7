/**
 * The options of `distinct`: what makes two records the same, and for how long.
 */
import type { StreamRecord } from '../../core/record.ts'
import type { Named } from './functions.ts'
import type { StoreFor } from './known.ts'

/** What `distinct` takes. */
export interface DistinctOptions<in K, in V, Id extends string | number> extends Named {
  /** What makes two records the same; 1 and '1' differ. A record whose id is null goes on. */
  readonly id: (record: StreamRecord<K, V>) => NoInfer<Id> | null
  /** How far apart two records of one id are at least, in ms of event time. */
  readonly within: number
  /** Names the store, so that it can be queried: a row at the time of each record that went on. */
  readonly store?: StoreFor<'windowStore', Id, number> | undefined
}
