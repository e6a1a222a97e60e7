/**
 * The nodes of a plan: frozen data that the DSL makes and the runtime compiles. Neither sees the other.
 */
import { present } from '../core/assert.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Codec } from '../core/serde.ts'
import type { Facts } from '../core/stored-plan.ts'
import type { TopicConfig } from '../core/topic-config.ts'
import type { Effect, OperatorFactory } from './operator.ts'
import type { StoreSpec } from './store.ts'

interface NodeBase {
  /** Counts up in the order of the calls that made the nodes; children are called in this order. */
  readonly index: number
  /**
   * What errors, counters and the stored plan call it. For a stateful or regrouping operator it is stable: the given
   * name, or one made of the source topics and the stateful or regrouping operators before it.
   */
  readonly id: string
  readonly verb: string
  readonly parents: readonly PlanNode[]
  /** The id of the nearest stateful or regrouping operator, or of the source, from which later ids are made. */
  readonly lineage: string
  /** What it keeps records in. A store may be on several nodes, which then belong to one sub-topology. */
  readonly stores: readonly StoreSpec[]
  /** What stored data depends on; none of a node that may come and go. */
  readonly facts: Facts
}

/** A store of a plan, and the nodes that use it. */
export interface PlanStore {
  readonly spec: StoreSpec
  /** The first of its nodes: it creates the store, and rows expire by its stream time. */
  readonly owner: PlanNode
  /** The others. */
  readonly readers: readonly PlanNode[]
  /** Whether one of its nodes reads ranges, which its own layout may not offer. */
  readonly isOrdered: boolean
}

/** A topic as a source reads it, or as a sink writes it. */
export interface SourceTopic {
  readonly name: string
  readonly partitions: number | undefined
  readonly config: Partial<TopicConfig>
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
  /** The topic that it is made like where it is missing and that one exists. */
  readonly like?: string | undefined
}

/**
 * Where a partition without a position begins: at the first record, at the end, at the first record that is at most
 * this old (ms), or at the first with at least this time (ms since the epoch).
 */
export type SourceReset = 'earliest' | 'latest' | { readonly ago: number } | { readonly time: number }

/** Says the time of a record, a valid one; asked when the record becomes the head of its partition. */
export type TimestampExtractor = (record: StreamRecord<unknown, unknown>) => number

/** Which topics a source reads by their names, and what is in all of them. */
export interface TopicPattern extends Pick<SourceTopic, 'keyCodec' | 'valueCodec'> {
  readonly regExp: RegExp
}

/** Reads topics. */
export interface SourceNode extends NodeBase {
  readonly kind: 'source'
  /** With a pattern none in a plan, and in one that runs those that matched when it started. */
  readonly topics: readonly SourceTopic[]
  readonly pattern: TopicPattern | undefined
  readonly reset: SourceReset
  /** undefined: that of the log counts. */
  readonly timestampOf: TimestampExtractor | undefined
  /** Whether one task reads all partitions, for a global table, and first of all what is there when that is new. */
  readonly isGlobal: boolean
}

/** Works on records inside its sub-topology; with stores when it remembers. It has an input for each of its parents. */
export interface OperatorNode extends NodeBase {
  readonly kind: 'operator'
  readonly operator: OperatorFactory
  readonly oldValues: OldValues
  /** The stores of which it reads ranges, whatever their layouts say. */
  readonly readsRanges: readonly StoreSpec[]
  /** It has a use for records with a null key. */
  readonly takesNullKeys: boolean
  /** Whether it makes asynchronous calls, and if so, whether what comes of them keeps the order of the records. */
  readonly calls: 'none' | 'ordered' | 'unordered'
  /** Whether what it does may depend on the stream time of its task, which records move that it has yet to see. */
  readonly goesByTaskTime: boolean
  /** Whether it may send a record to one of its children only. */
  readonly namesChildren: boolean
  /** What it does to the world outside; undefined: nothing, as far as it says. */
  readonly effect: Effect | undefined
}

/** What an operator has to do with the old values of a table's changes. */
export interface OldValues {
  /** It reads those of the changes that come in, whatever follows it. */
  readonly needed: boolean
  /**
   * Where those of the changes that it emits come from, if something after it needs them: from its own state, or from
   * what comes in, as in a table's `filter`. An operator of streams emits no changes.
   */
  readonly from: 'state' | 'input' | 'nowhere'
  /** It leaves out a change of a row that it lets pass neither before nor after, if it knows the one before. */
  readonly leavesOut?: boolean | undefined
  /** It has them only where something needs them: nothing else is kept of its rows that anyone knows by name. */
  readonly onlyIfNeeded?: boolean | undefined
  /** By parent: which changes of nothing it is to be spared. Without it, `ifKept`. */
  readonly spared?: readonly Spared[] | undefined
}

/**
 * Which changes from nothing to nothing an operator is to be spared: all that old values tell of; those of filters,
 * where the rows before the filter are kept in any case; or only those of filters that keep rows of their own.
 */
export type Spared = 'always' | 'ifKept' | 'ifOwn'

/** A further output of an operator, besides the one that feeds its children. */
export interface PortNode extends NodeBase {
  readonly kind: 'port'
  /** What the operator calls it. */
  readonly name: string
}

/** Ends a sub-topology and begins another: sends every record to the partition of its key. */
export interface RegroupNode extends NodeBase {
  readonly kind: 'regroup'
  /** Changes travel with their old values. */
  readonly of: 'records' | 'changes'
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
  /** `undefined`: as many as the widest input. */
  readonly partitions: number | undefined
}

/** Writes to a topic, or to one that each record decides. */
export interface SinkNode extends NodeBase {
  readonly kind: 'sink'
  /** The topics that are there from the start. */
  readonly topics: readonly SourceTopic[]
  /** Which topic a record goes to, one of `topics` or another; undefined: to the only one. */
  readonly choose: ((record: StreamRecord<unknown, unknown>) => SourceTopic) | undefined
  /** Whether each record is the newest of its key, as the changes of a table are. */
  readonly newest: boolean
}

export type PlanNode = SourceNode | OperatorNode | PortNode | RegroupNode | SinkNode

/** A way from one node to another. There may be several between two nodes, each to a different input. */
export interface Edge {
  readonly to: PlanNode
  /** Which of its parents the records come from. */
  readonly input: number
}

/**
 * Nodes that work on a record in one turn. It begins with sources and regroupings, and ends with sinks and regroupings.
 */
export interface SubTopology {
  readonly index: number
  /** In the order of their indexes; a regrouping that ends it is among them, one that begins it is not. */
  readonly nodes: readonly PlanNode[]
  /** The sources of `nodes`, and the regroupings that feed it. */
  readonly inputs: readonly PlanNode[]
}

/** What the tasks of a sub-topology are called: the ids of inputs are stable, and an index is not. */
export function subTopologyName({ inputs }: SubTopology): string {
  const [first] = inputs.map(({ id }) => id).toSorted()
  return present(first, 'a sub-topology has an input')
}

/** The nearest sources and regroupings before a node: they decide in which partition it finds a key. */
export function entrancesOf(node: PlanNode): ReadonlySet<PlanNode> {
  const entrances = new Set<PlanNode>()
  const collect = (parent: PlanNode): void => {
    if (parent.kind === 'source' || parent.kind === 'regroup') entrances.add(parent)
    else parent.parents.forEach(collect)
  }
  node.parents.forEach(collect)
  return entrances
}
