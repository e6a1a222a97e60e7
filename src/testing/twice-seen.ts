/**
 * What two runs of {@link twice} make, compared as it comes: the emissions of every operator, and the records of every
 * output partition.
 */
import { copyOf, equalBytes } from '../core/bytes.ts'
import type { Header } from '../core/headers.ts'
import type { BatchCursor } from '../log/format/batch-cursor.ts'
import type { PartitionId } from '../log/format/partition-id.ts'
import type { PlanNode } from '../plan/node.ts'
import { Lockstep, type Side } from './lockstep.ts'
import { shapeOf } from './shape.ts'
import { type Emission, isSameEmission } from './twice-taps.ts'

/** A record of an output partition. */
export interface Written {
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
}

/** The emissions of one operator in one partition. */
export interface OperatorSequence {
  readonly node: PlanNode
  readonly partition: number
  readonly seen: Lockstep<Emission>
}

/** The records of one output partition. */
export interface OutputSequence {
  readonly topic: string
  readonly partition: number
  readonly seen: Lockstep<Written>
}

/** Source records that one run may be ahead of the other, far more than calls under way at once. */
const recordsAheadMax = 20_000

export class TwiceSeen {
  readonly operators: Map<string, OperatorSequence> = new Map<string, OperatorSequence>()
  readonly outputs: Map<string, OutputSequence> = new Map<string, OutputSequence>()
  /** The first that was found. */
  output: OutputSequence | undefined
  /** How much each run has emitted. */
  readonly counts: [number, number] = [0, 0]

  emitted(side: Side, node: PlanNode, partition: number, emission: Emission): void {
    this.counts[side]++
    const name = `${node.id}/${partition}`
    let sequence = this.operators.get(name)
    if (sequence === undefined) {
      sequence = { node, partition, seen: new Lockstep(isSameEmission) }
      this.operators.set(name, sequence)
    }
    sequence.seen.add(side, emission)
  }

  wrote(side: Side, { topic, partition }: PartitionId, cursor: BatchCursor, hasAppendTime: boolean): void {
    const name = `${topic}/${partition}`
    let sequence = this.outputs.get(name)
    if (sequence === undefined) {
      sequence = { topic, partition, seen: new Lockstep(isSameRecord) }
      this.outputs.set(name, sequence)
    }
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, headers } = cursor
    sequence.seen.add(side, {
      timestamp: hasAppendTime ? 0 : cursor.timestamp,
      key: keyEnd < 0 ? null : copyOf(bytes, keyStart, keyEnd),
      value: valueEnd < 0 ? null : copyOf(bytes, valueStart, valueEnd),
      headers,
    })
    if (sequence.seen.difference !== undefined) this.output ??= sequence
  }

  /** What one run has emitted, and the other has not although it has long read on, has no counterpart. */
  passed(side: Side, records: number): void {
    for (const { seen } of this.operators.values()) {
      const { head } = seen
      if (head !== undefined && head.side !== side && head.item.records + recordsAheadMax < records) seen.end()
    }
  }

  /** Both runs have ended. */
  end(): void {
    for (const { seen } of this.operators.values()) seen.end()
    for (const sequence of this.outputs.values()) {
      sequence.seen.end()
      if (sequence.seen.difference !== undefined) this.output ??= sequence
    }
  }

  /**
   * Where the difference of an output began, or any where no output differs: the operator that differed first, of those
   * that differ although none before them does.
   */
  origin(sinks: readonly PlanNode[]): OperatorSequence | undefined {
    const differing = [...this.operators.values()].filter(({ seen }) => seen.difference !== undefined)
    const isDiffering = (node: PlanNode): boolean => differing.some((one) => one.node === node)
    const relevant = sinks.length === 0 ? undefined : ancestorsOf(sinks)
    const first = differing
      .filter(({ node }) => relevant?.has(node) !== false)
      .filter(({ node }) => ![...ancestorsOf([node])].some((other) => other !== node && isDiffering(other)))
    return first.toSorted((a, b) => recordsOf(a) - recordsOf(b) || a.node.index - b.node.index)[0]
  }
}

/** When it was found: how many source records had been read. */
function recordsOf({ seen }: OperatorSequence): number {
  return Math.min(...(seen.difference?.sides ?? []).map((side) => side?.records ?? Number.POSITIVE_INFINITY))
}

/** The nodes themselves, and all that lead to them. */
function ancestorsOf(nodes: readonly PlanNode[]): ReadonlySet<PlanNode> {
  const found = new Set<PlanNode>()
  const add = (node: PlanNode): void => {
    if (found.has(node)) return
    found.add(node)
    node.parents.forEach(add)
  }
  nodes.forEach(add)
  return found
}

function isSameRecord(one: Written, other: Written): boolean {
  return (
    one.timestamp === other.timestamp &&
    isSameBytes(one.key, other.key) &&
    isSameBytes(one.value, other.value) &&
    shapeOf(one.headers) === shapeOf(other.headers)
  )
}

function isSameBytes(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other
  return equalBytes(one, 0, one.length, other, 0, other.length)
}
