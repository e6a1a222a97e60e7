/**
 * What `mapAsync` takes besides its function.
 */
import type { AsyncOrder } from '../../plan/async-calls.ts'
import type { Named } from './functions.ts'

/** What {@link KStream.mapAsync} takes besides serdes. */
export interface MapAsyncOptions extends Named {
  /**
   * How many calls may be under way, in all partitions of this process together, 1 to 10,000. Default 16. A result that
   * may not come yet counts too. When there are as many, the application reads nothing more until one is done.
   */
  readonly concurrency?: number | undefined
  /**
   * In which order results come. `partition` (default): in the order of the records of a partition, however long each
   * call takes. `key`: calls for one key follow each other, retries included; those without a key too. `none`: as they
   * are done.
   */
  readonly order?: AsyncOrder | undefined
  /** How long an attempt may take, in ms, 1 to a day. Default 30 s. Its signal aborts then. */
  readonly timeoutMs?: number | undefined
  /**
   * How often a call that throws, rejects or takes too long is made again, 0 (default) to 1,000 times, first after some
   * 100 ms, then after twice as long each time, up to 30 s. After the last one `onError` decides.
   */
  readonly retries?: number | undefined
}
