// Metrics as a scraper reads them: by a parser that shares no code with what wrote them.
import parse from 'parse-prometheus-text-format'

/** A series: `name{label="value"}` with its labels in the order of their names, as JSON writes text. */
export type ReadMetrics = ReadonlyMap<string, number>

interface Parsed {
  readonly name: string
  readonly type: string
  readonly metrics: readonly {
    readonly value?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly buckets?: Readonly<Record<string, string>>
    readonly count?: string
    readonly sum?: string
  }[]
}

/** The series of a text, with those of a histogram one by one, and their types by name. */
export function readMetrics(text: string): {
  readonly series: ReadMetrics
  readonly types: ReadonlyMap<string, string>
} {
  const series = new Map<string, number>()
  const types = new Map<string, string>()
  const note = (name: string, labels: Readonly<Record<string, string>>, value: string | undefined): void => {
    const key = keyOf(name, labels)
    const number = Number(value)
    if (value === undefined || Number.isNaN(number) || series.has(key)) throw new Error(`${key} is ${value}`)
    series.set(key, number)
  }
  for (const { name, type, metrics } of parse(text) as readonly Parsed[]) {
    types.set(name, type.toLowerCase())
    for (const { labels = {}, value, buckets, count, sum } of metrics) {
      if (buckets === undefined) {
        note(name, labels, value)
        continue
      }
      for (const [le, upTo] of Object.entries(buckets)) note(`${name}_bucket`, { ...labels, le }, upTo)
      note(`${name}_count`, labels, count)
      note(`${name}_sum`, labels, sum)
    }
  }
  return { series, types }
}

export function keyOf(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`
}
