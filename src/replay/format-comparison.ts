/**
 * A comparison as a table for people: a row for each store and output, then the samples.
 */
import { escaped } from '../core/escaped.ts'
import { shortened } from '../core/shown.ts'
import type { ComparedPart, ComparedValue, ComparisonReport, ComparisonSample } from './comparison-face.ts'

const head = ['', 'equal', 'only here', 'only live', 'different'] as const
const sampleCharsMax = 120

/**
 * Draws what a comparison found, as plain text in lines of aligned columns: for a terminal or a message.
 *
 * @example
 * ```ts
 * console.log(formatComparison(await v2.compare()))
 * ```
 */
export function formatComparison(report: ComparisonReport): string {
  const { here, live, isEqual, stores, topics } = report
  const parts = [...stores.map((part) => ['store', part] as const), ...topics.map((part) => ['topic', part] as const)]
  const rows = parts.map(([kind, part]) => [`${kind} ${part.name}`, ...countsOf(part)])
  const verdict = isEqual ? 'no difference' : parts.some(hasDifference) ? 'they differ' : 'not all could be compared'
  return [
    `${here} (here) and ${live} (live): ${verdict}`,
    ...aligned([head, ...rows]),
    ...parts.flatMap(([kind, part]) => detailsOf(`${kind} ${part.name}`, part)),
    '',
  ].join('\n')
}

function hasDifference([, { onlyHere, onlyLive, different }]: readonly [unknown, ComparedPart]): boolean {
  return onlyHere + onlyLive + different > 0
}

function countsOf({ equal, onlyHere, onlyLive, different, incomparable }: ComparedPart): readonly string[] {
  const counts = [equal, onlyHere, onlyLive, different]
  return counts.map((count) => (incomparable === undefined ? count.toLocaleString('en') : '-'))
}

/** Names to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
  )
}

function detailsOf(title: string, { samples, incomparable, note }: ComparedPart): readonly string[] {
  const lines = [
    ...(incomparable === undefined ? [] : [`  cannot be compared: ${incomparable}`]),
    ...(note === undefined ? [] : [`  note: ${note}`]),
    ...samples.map((sample) => `  ${keyOf(sample)}: ${sides(sample)}`),
  ]
  return lines.length === 0 ? [] : ['', title, ...lines]
}

function keyOf({ key, window, place }: ComparisonSample): string {
  const at = place === undefined ? '' : ` (record ${place.index} of partition ${place.partition})`
  const of = window === undefined ? '' : ` [${window.start}, ${window.end})`
  return `${jsonOf(key)}${of}${at}`
}

/** The times are shown where nothing else differs. */
function sides({ here, live }: ComparisonSample): string {
  const [one, other] = [sideOf(here), sideOf(live)]
  if (one !== other) return `${one} here, ${other} live`
  return `${one} at ${here?.timestamp} here, at ${live?.timestamp} live`
}

function sideOf(side: ComparedValue | null): string {
  if (side === null) return 'nothing'
  return jsonOf(side.value) + (side.headers === undefined ? '' : ` ${jsonOf(side.headers)}`)
}

function jsonOf(value: unknown): string {
  return shortened(escaped(JSON.stringify(value)), sampleCharsMax)
}
