/**
 * The verbs of a stream that run a processor of the user's.
 */
import type { KnownSerdes, WithNewValue } from './known.ts'
import type { Processor, ProcessOptions, ValueProcessor } from './processor.ts'
import type { KStream } from './stream.ts'

/** The part of a {@link KStream} that runs operators of your own. */
export interface ProcessedStream<out K, out V, out Known extends KnownSerdes> {
  /**
   * Runs an operator of your own: with stores, with schedules, with as many records out as it likes, see
   * {@link Processor}. Key and value count as changed, so an aggregation after it regroups. The stream itself is not
   * regrouped before it: where the key was changed, put `repartition` before it, so that its store finds all records of
   * a key in one partition.
   *
   * @example
   * ```ts
   * builder
   *   .stream(clicks)
   *   .process<string, number>(
   *     (context) => {
   *       const bytes = context.store(totals)
   *       context.schedule(minutes(1), 'streamTime', () => {
   *         for (const { key, value } of bytes.range()) context.forward({ key, value })
   *       })
   *       return { process: ({ key, value }) => bytes.put(key, (bytes.get(key) ?? 0) + value.bytes) }
   *     },
   *     { stores: [totals] },
   *   )
   *   .to(perAddress)
   * ```
   * @throws MillraceError `topology_invalid` for a store that is another one elsewhere
   */
  process<K2 = K, V2 = V>(processor: Processor<K, V, K2, V2>, options?: ProcessOptions): KStream<K2, V2, 'neither'>

  /**
   * As {@link process}, but the key stays, so nothing has to be regrouped after it.
   *
   * @example
   * ```ts
   * builder
   *   .stream(clicks)
   *   .processValues<number>(
   *     (context) => {
   *       const counted = context.store(totals)
   *       return {
   *         process({ key }) {
   *           const count = (counted.get(key) ?? 0) + 1
   *           counted.put(key, count)
   *           context.forward({ value: count })
   *         },
   *       }
   *     },
   *     { stores: [totals] },
   *   )
   *   .to(perAddress)
   * ```
   * @throws MillraceError `topology_invalid` for a store that is another one elsewhere
   */
  processValues<V2 = V>(
    processor: ValueProcessor<K, V, V2>,
    options?: ProcessOptions,
  ): KStream<K, V2, WithNewValue[Known]>
}
