/**
 * The class that implements KStream: each verb checks its options and adds a node; what it does with records is in its
 * own file.
 */
import type { OperatorFunction } from 'rxjs'
import { MillraceError } from '../core/errors.ts'
import { checkBoolean, checkedFunction, checkList, checkName, checkOptions, isInstance } from '../core/checks.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Codec } from '../core/serde.ts'
import { checkPartitions, type TopicFor } from '../core/topic.ts'
import type { AsyncCall } from '../plan/async-calls.ts'
import type { PlanNode } from '../plan/node.ts'
import type { Effect, OperatorFactory } from '../plan/operator.ts'
import { distinctNode, type ErasedDistinctOptions } from './distinct.ts'
import type { Named, PeekOptions, Predicate, RecordOutput, TopicChooser } from './dsl/functions.ts'
import type { KGroupedStream } from './dsl/grouped.ts'
import type { MapAsyncOptions } from './dsl/map-async.ts'
import type { KnownSerdes, Merged, WithNewKey, WithNewValue } from './dsl/known.ts'
import type { Processor, ProcessOptions, ValueProcessor } from './dsl/processor.ts'
import type { Branches, SplitStreams } from './dsl/split.ts'
import type { KStream, RoutedOptions } from './dsl/stream.ts'
import type { KTable } from './dsl/table.ts'
import { filtering } from './filter.ts'
import { flatMapping, flatMappingValues } from './flat-map.ts'
import { type GivenJoiner, joinOfStream } from './join.ts'
import { mapping, mappingValues, selectingKey } from './map.ts'
import { type AsyncFunction, checkPolicy, mapAsyncOptions, mappingAsync, pendingStore, skipping } from './map-async.ts'
import { merging } from './merge.ts'
import { checkTableOptions, type ErasedTableOptions, newTable } from './new-table.ts'
import { requireCodec, requireKeyCodec, type StreamParts } from './parts.ts'
import { acting, peeking } from './peek.ts'
import { addProcessor } from './process-node.ts'
import { type AnyProcessor, type Forwarding, forwardRecord, forwardValue } from './processor.ts'
import { piping } from './pipe.ts'
import { sinkTopic } from './sink-topic.ts'
import { checkBranches, splitting } from './split.ts'
import { nameOf } from './store-spec.ts'
import { choosing } from './to.ts'

type Lost = Pick<StreamParts, 'keyCodec' | 'valueCodec' | 'untouchedKeys' | 'rekeyed' | 'newest'>

const allLost: Lost = {
  keyCodec: undefined,
  valueCodec: undefined,
  untouchedKeys: [],
  rekeyed: true,
  newest: false,
}

export class Stream<K, V, Known extends KnownSerdes> implements KStream<K, V, Known> {
  readonly parts: StreamParts

  constructor(parts: StreamParts) {
    this.parts = parts
  }

  filter<K2, V2>(predicate: Predicate<K, V>, options: Named = {}): KStream<K2, V2, Known> {
    return this.#next('filter', options, filtering(checkedFunction('filter', predicate), true), this.parts)
  }

  filterNot<K2, V2>(predicate: Predicate<K, V>, options: Named = {}): KStream<K2, V2, Known> {
    return this.#next('filterNot', options, filtering(checkedFunction('filterNot', predicate), false), this.parts)
  }

  map<K2, V2>(
    fn: (record: StreamRecord<K, V>) => RecordOutput<K2, V2>,
    options: Named = {},
  ): KStream<K2, V2, 'neither'> {
    return this.#next('map', options, mapping(checkedFunction('map', fn)), allLost)
  }

  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options: Named = {}): KStream<K, V2, WithNewValue[Known]> {
    return this.#next('mapValues', options, mappingValues(checkedFunction('mapValues', fn)), this.#valueLost())
  }

  flatMap<K2, V2>(
    fn: (record: StreamRecord<K, V>) => Iterable<RecordOutput<K2, V2>>,
    options: Named = {},
  ): KStream<K2, V2, 'neither'> {
    return this.#next('flatMap', options, flatMapping(checkedFunction('flatMap', fn)), allLost)
  }

  flatMapValues<V2>(
    fn: (record: StreamRecord<K, V>) => Iterable<V2>,
    options: Named = {},
  ): KStream<K, V2, WithNewValue[Known]> {
    return this.#next(
      'flatMapValues',
      options,
      flatMappingValues(checkedFunction('flatMapValues', fn)),
      this.#eventsOf(this.#valueLost()),
    )
  }

  selectKey<K2>(fn: (record: StreamRecord<K, V>) => K2, options: Named = {}): KStream<K2, V, WithNewKey[Known]> {
    return this.#next('selectKey', options, selectingKey(checkedFunction('selectKey', fn)), this.#keyLost())
  }

  distinct(options: ErasedDistinctOptions): KStream<K, V, Known> {
    return new Stream({ ...this.#eventsOf(this.parts), node: distinctNode(this.parts, options) })
  }

  peek(action: (record: StreamRecord<K, V>) => void, options: PeekOptions = {}): KStream<K, V, Known> {
    const { name, effects = false } = checkOptions('peek', options, ['name', 'effects'])
    const effect = checkBoolean('effects', effects) ? acting : undefined
    return this.#next('peek', { name }, peeking(checkedFunction('peek', action)), this.parts, effect)
  }

  foreach(action: (record: StreamRecord<K, V>) => void, options: Named = {}): void {
    this.#next('foreach', options, peeking(checkedFunction('foreach', action)), this.parts, acting)
  }

  merge<Known2 extends KnownSerdes>(
    other: KStream<K, V, Known2>,
    options: Named = {},
  ): KStream<K, V, Merged[Known][Known2]> {
    const { name } = checkOptions('merge', options, ['name'])
    const left = this.parts
    if (!isInstance(other, Stream)) throw new MillraceError('bad_option', 'merge takes another stream')
    const right = (other as Stream<K, V, Known2>).parts
    if (left.plan !== right.plan) {
      throw new MillraceError('topology_invalid', 'merge takes a stream of the same builder, not of another builder')
    }
    // Kafka Streams: a stream merged with itself has each record once.
    const nodes = left.node === right.node ? left.node : [left.node, right.node]
    return new Stream({
      faces: left.faces,
      plan: left.plan,
      node: left.plan.stateless('merge', nodes, name, merging),
      keyCodec: sameCodec(left.keyCodec, right.keyCodec),
      valueCodec: sameCodec(left.valueCodec, right.valueCodec),
      untouchedKeys: [...new Set([...left.untouchedKeys, ...right.untouchedKeys])],
      rekeyed: left.rekeyed || right.rekeyed,
      newest: false,
    })
  }

  split<const B extends Branches<K, V>>(branches: B, options: Named = {}): SplitStreams<K, V, B, Known> {
    const { name } = checkOptions('split', options, ['name'])
    const { wanting, otherwise, names } = checkBranches(branches)
    const { plan, node } = this.parts
    const split = plan.stateless('split', node, name, splitting(wanting, otherwise))
    const streams = names.map((branch) => [
      branch,
      new Stream({ ...this.parts, node: plan.port('split', split, branch) }),
    ])
    return Object.fromEntries(streams) as SplitStreams<K, V, B, Known>
  }

  mapAsync<V2>(
    fn: (record: StreamRecord<K, V>, call: AsyncCall) => V2 | PromiseLike<V2>,
    options: MapAsyncOptions & ErasedSerdes = {},
  ): KStream<K, V2, 'key'> {
    checkedFunction('mapAsync', fn)
    const { key, value, name, ...policy } = checkOptions('mapAsync', options, mapAsyncOptions)
    const checked = checkPolicy(policy)
    const keyCodec = requireKeyCodec('mapAsync', key, this.parts)
    const codecs = { keyCodec, valueCodec: requireCodec('mapAsync', 'value', value, this.parts.valueCodec) }
    const { faces, plan, node, untouchedKeys, rekeyed } = this.parts
    const made = plan.stateful('mapAsync', node, name, (id) => {
      const store = pendingStore(id, codecs)
      const calls = checked.order === 'partition' ? 'ordered' : 'unordered'
      const asking = (ask: AsyncFunction) => mappingAsync(ask, store, codecs, checked)
      const effect = { answeredBy: asking, skipped: skipping }
      return { stores: [store], calls, operator: asking(fn as AsyncFunction), effect }
    })
    return new Stream({
      faces,
      plan,
      node: made,
      keyCodec,
      valueCodec: undefined,
      untouchedKeys,
      rekeyed,
      newest: false,
    })
  }

  join<K2, R, Known2 extends KnownSerdes>(
    right: object,
    joiner: GivenJoiner<R>,
    options: object = {},
  ): KStream<K2, R, Known2> {
    return new Stream(joinOfStream('join', this.parts, right, joiner, options))
  }

  leftJoin<K2, R, Known2 extends KnownSerdes>(
    right: object,
    joiner: GivenJoiner<R>,
    options: object = {},
  ): KStream<K2, R, Known2> {
    return new Stream(joinOfStream('leftJoin', this.parts, right, joiner, options))
  }

  outerJoin<K2, R>(right: object, joiner: GivenJoiner<R>, options: object = {}): KStream<K2, R, 'key'> {
    return new Stream(joinOfStream('outerJoin', this.parts, right, joiner, options))
  }

  pipe<K2, V2>(...operators: OperatorFunction<never, never>[]): KStream<K2, V2, 'neither'> {
    if (operators.length === 0) throw new MillraceError('bad_option', 'pipe takes at least one RxJS operator')
    for (const operator of operators) checkedFunction('pipe', operator)
    return this.#next('pipe', {}, piping(operators), allLost)
  }

  process<K2, V2>(processor: Processor<K, V, K2, V2>, options: ProcessOptions = {}): KStream<K2, V2, 'neither'> {
    return this.#process('process', processor, options, forwardRecord, allLost)
  }

  processValues<V2>(
    processor: ValueProcessor<K, V, V2>,
    options: ProcessOptions = {},
  ): KStream<K, V2, WithNewValue[Known]> {
    return this.#process(
      'processValues',
      processor as AnyProcessor,
      options,
      forwardValue,
      this.#eventsOf(this.#valueLost()),
    )
  }

  #process<K2, V2, Known2 extends KnownSerdes>(
    verb: string,
    processor: AnyProcessor,
    options: ProcessOptions,
    forwarding: Forwarding,
    then: Lost,
  ): KStream<K2, V2, Known2> {
    const { name, stores } = checkOptions(verb, options, ['stores', 'name'])
    const { faces, plan, node } = this.parts
    const made = addProcessor(plan, { verb, parents: [node], name, processor, stores, forwarding })
    return new Stream({ ...then, faces, plan, node: made })
  }

  groupByKey<Grouped extends KnownSerdes>(options: ErasedSerdes = {}): KGroupedStream<Exclude<K, null>, V, Grouped> {
    return this.#group('groupByKey', this.parts, checkOptions('groupByKey', options, ['key', 'value', 'name']))
  }

  groupBy<K2>(
    fn: (record: StreamRecord<K, V>) => NoInfer<K2> | null,
    options: ErasedSerdes = {},
  ): KGroupedStream<K2, V, 'both'> {
    checkedFunction('groupBy', fn)
    const given = checkOptions('groupBy', options, ['key', 'value', 'name'])
    const { plan, node } = this.parts
    const select = (): PlanNode =>
      plan.stateless('selectKey', node, undefined, selectingKey(fn, 'the function of groupBy'))
    return this.#group('groupBy', { ...this.parts, ...this.#keyLost() }, given, select)
  }

  /** Checks everything before it adds a node, so that a refused call changes nothing. */
  #group<K2, Grouped extends KnownSerdes>(
    verb: string,
    { faces, plan, node, keyCodec, valueCodec, untouchedKeys, rekeyed }: StreamParts,
    { key, value, name }: ErasedSerdes,
    select: () => PlanNode = () => node,
  ): KGroupedStream<K2, V, Grouped> {
    if (name !== undefined) checkName('the name of an operator', name)
    const keys = requireKeyCodec(verb, key, { keyCodec, untouchedKeys })
    const values = rekeyed || value !== undefined ? requireCodec(verb, 'value', value, valueCodec) : valueCodec
    return faces.grouped({
      faces,
      plan,
      node: rekeyed ? plan.regroup(verb, select(), name, keys, values as Codec<unknown>) : node,
      keyCodec: keys,
      valueCodec: values,
      untouchedKeys,
    })
  }

  repartition(options: ErasedSerdes = {}): KStream<K, V, 'both'> {
    const known = ['key', 'value', 'partitions', 'name']
    const { key, value, partitions, name } = checkOptions('repartition', options, known)
    if (partitions !== undefined) checkPartitions(partitions)
    const { plan, node } = this.parts
    const keyCodec = requireKeyCodec('repartition', key, this.parts)
    const valueCodec = requireCodec('repartition', 'value', value, this.parts.valueCodec)
    const regrouped = plan.regroup('repartition', node, name, keyCodec, valueCodec, partitions)
    return new Stream({ ...this.parts, node: regrouped, keyCodec, valueCodec, rekeyed: false })
  }

  toTable(options: ErasedSerdes & ErasedTableOptions = {}): KTable<Exclude<K, null>, Exclude<V, null>, 'both'> {
    const checked = checkTableOptions('toTable', options, ['key', 'value'])
    const { key, value, store } = checked
    const name = nameOf(checked, this.parts.node)
    const { faces, plan, rekeyed, untouchedKeys } = this.parts
    const keyCodec = requireKeyCodec('toTable', key ?? store?.key, this.parts)
    const valueCodec = requireCodec('toTable', 'value', value ?? store?.value, this.parts.valueCodec)
    if (name !== undefined) checkName('the name of an operator', name)
    const regroupName = name === undefined ? undefined : `${name}.repartition`
    const node = rekeyed
      ? plan.regroup('repartition', this.parts.node, regroupName, keyCodec, valueCodec)
      : this.parts.node
    return newTable('toTable', { faces, plan, node, keyCodec, valueCodec, untouchedKeys }, checked)
  }

  to(given: TopicFor<K, V> | TopicChooser<K, V>, options: RoutedOptions<K, V> = {}): void {
    const { plan, node, newest } = this.parts
    if (typeof given !== 'function') {
      const { name } = checkOptions('to', options, ['name'])
      plan.sink(node, sinkTopic('to', given, this.parts), name, undefined, newest)
      return
    }
    const { topics = [], name } = checkOptions('to', options, ['topics', 'name'])
    const listed = checkList('topics', topics).map((topic) => sinkTopic('to', topic, this.parts))
    plan.sink(node, listed, name, choosing(given as TopicChooser<unknown, unknown>, this.parts), newest)
  }

  /** A key may have several records at a time, or lack its newest. */
  #eventsOf<P extends Lost>(parts: P): P {
    return { ...parts, newest: false }
  }

  #valueLost(): Lost {
    return { ...this.parts, valueCodec: undefined }
  }

  #keyLost(): Lost {
    return { ...allLost, valueCodec: this.parts.valueCodec }
  }

  #next<K2, V2, Known2 extends KnownSerdes>(
    verb: string,
    options: Named,
    operator: OperatorFactory,
    { keyCodec, valueCodec, untouchedKeys, rekeyed, newest }: Lost,
    effect?: Effect,
  ): KStream<K2, V2, Known2> {
    const { name } = checkOptions(verb, options, ['name'])
    const { faces, plan, node } = this.parts
    const made = plan.stateless(verb, node, name, operator, undefined, effect)
    return new Stream({ faces, plan, node: made, keyCodec, valueCodec, untouchedKeys, rekeyed, newest })
  }
}

/** Serdes are invariant in their type, so they are erased where only the interface says which ones fit. */
interface ErasedSerdes extends Named {
  readonly key?: object | undefined
  readonly value?: object | undefined
  readonly partitions?: number | undefined
}

function sameCodec(left: Codec<unknown> | undefined, right: Codec<unknown> | undefined): Codec<unknown> | undefined {
  return left !== undefined && left.wire === right?.wire && left.nullable === right.nullable ? left : undefined
}
