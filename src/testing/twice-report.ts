/**
 * What {@link twice} found, as plain data and as text.
 */
import { present } from '../core/assert.ts'
import { shown } from '../core/shown.ts'
import type { Codec } from '../core/serde.ts'
import { breakOfDeterminism } from '../plan/determinism.ts'
import type { PlanNode, SinkNode } from '../plan/node.ts'
import type { Topology } from '../plan/topology.ts'
import { shapeOf } from './shape.ts'
import { hintsOf } from './twice-causes.ts'
import type { OperatorDifference, OutputDifference, RecordPair, SeenRecord, TwiceReport } from './twice-face.ts'
import type { OperatorSequence, OutputSequence, TwiceSeen, Written } from './twice-seen.ts'
import type { Emission } from './twice-taps.ts'

/** What the runs leave. */
export interface Findings {
  readonly topology: Topology
  readonly seen: TwiceSeen
  /** Operators that ask what time it is. */
  readonly asking: ReadonlySet<PlanNode>
  readonly records: number
  readonly restarts: number
  readonly nowMs: number
}

export function reportOf({ topology, seen, asking, records, restarts, nowMs }: Findings): TwiceReport {
  const sinks = topology.nodes.filter((node) => node.kind === 'sink')
  const writers = seen.output === undefined ? [] : writersOf(sinks, seen.output.topic)
  const origin = seen.origin(writers)
  const output = seen.output === undefined ? null : outputDifference(seen.output, writers)
  const operator = origin === undefined ? null : operatorDifference(origin)
  const pair = operator ?? output
  const parting =
    pair === null
      ? undefined
      : {
          node: origin?.node,
          pair,
          asksClock: origin !== undefined && asking.has(origin.node),
          wasRestarted: restarts > 0,
          nowMs,
        }
  return {
    same: pair === null,
    records,
    outputs: [...seen.outputs.values()].reduce((total, one) => total + one.seen.count, 0),
    restarts,
    output,
    operator,
    hints: parting === undefined ? [] : hintsOf(parting),
    marked: breakOfDeterminism(topology.nodes, topology.stores)?.id ?? null,
  }
}

/** The sinks that write to a topic, surely or perhaps. */
function writersOf(sinks: readonly SinkNode[], topic: string): readonly SinkNode[] {
  const named = sinks.filter(({ topics }) => topics.some(({ name }) => name === topic))
  return named.length > 0 ? named : sinks.filter(({ choose }) => choose !== undefined)
}

function outputDifference({ topic, partition, seen }: OutputSequence, writers: readonly SinkNode[]): OutputDifference {
  const { index, sides } = present(seen.difference, 'an output that differs says where')
  const constant = writers.flatMap(({ topics }) => topics).find(({ name }) => name === topic)
  const decoded = (record: Written | undefined): SeenRecord | null =>
    record === undefined
      ? null
      : {
          timestamp: record.timestamp,
          key: read(constant?.keyCodec, record.key),
          value: read(constant?.valueCodec, record.value),
          headers: record.headers,
        }
  return { topic, partition, offset: index, first: decoded(sides[0]), second: decoded(sides[1]) }
}

function read(codec: Codec<unknown> | undefined, bytes: Uint8Array | null): unknown {
  if (bytes === null || codec === undefined) return bytes
  try {
    return codec.decode(bytes)
  } catch {
    return bytes // what is written cannot be read again: the bytes say more than nothing
  }
}

function operatorDifference({ node, partition, seen }: OperatorSequence): OperatorDifference {
  const { index, sides } = present(seen.difference, 'an operator that differs says where')
  return { operator: node.id, verb: node.verb, partition, index, first: shownOf(sides[0]), second: shownOf(sides[1]) }
}

function shownOf(emission: Emission | undefined): SeenRecord | null {
  if (emission === undefined) return null
  const { carrier, timestamp, headers } = emission
  return {
    timestamp,
    key: asThen(emission.key, () => carrier.key),
    value: asThen(emission.value, () => carrier.value),
    headers,
  }
}

/** The value, unless it cannot be read, or a function has changed it since: then as it was, as text. */
function asThen(shape: string, value: () => unknown): unknown {
  try {
    const now = value()
    return shape.startsWith('bytes ') || shapeOf(now) === shape ? now : shape
  } catch {
    return shape
  }
}

/**
 * A report of {@link twice} for people: a few lines of text.
 *
 * @example
 * ```ts
 * console.log(formatTwice(await twice(topology, { log })))
 * ```
 */
export function formatTwice(report: TwiceReport): string {
  const { same, records, outputs, restarts, output, operator, hints, marked } = report
  const lines = [
    `${same ? 'the same' : 'DIFFERENT'} over ${records} source records: ${outputs} output records are equal, ` +
      `the second run was restarted ${restarts} times`,
  ]
  if (output !== null)
    lines.push(`first output: ${output.topic}[${output.partition}] offset ${output.offset}`, ...pairLines(output))
  if (operator !== null) {
    lines.push(
      `it began in ${operator.operator} (${operator.verb}), partition ${operator.partition}, after ${operator.index} equal records`,
      ...pairLines(operator),
    )
  }
  for (const { cause, why } of hints) lines.push(`${cause}: ${why}`)
  if (marked !== null) lines.push(`the plan itself says that runs may differ from "${marked}" on`)
  return lines.join('\n')
}

function pairLines({ first, second }: RecordPair): string[] {
  return [`  first  ${lineOf(first)}`, `  second ${lineOf(second)}`]
}

function lineOf(record: SeenRecord | null): string {
  if (record === null) return 'nothing'
  const { timestamp, key, value, headers } = record
  return `${timestamp} ${shown(key)} → ${shown(value)}${headers.length === 0 ? '' : ` ${headers.length} headers`}`
}
