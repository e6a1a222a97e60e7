// Metrics as a scraper reads them: by a parser that shares no code with what wrote them.
import parse from 'parse-prometheus-text-format'

/** Values by what {@link keyOf} makes of their name and labels. */
export type ReadMetrics = ReadonlyMap<string, number>

interface Parsed {
  readonly name: string
  readonly metrics: readonly { readonly value: string; readonly labels?: Readonly<Record<string, string>> }[]
}

const histogram = /^# TYPE (\w+) histogram\n/gm

/** The series of a text, with those of a histogram one by one, and the names of its histograms. */
export function readMetrics(text: string): { readonly series: ReadMetrics; readonly histograms: readonly string[] } {
  const series = new Map<string, number>()
  // It throws together what the labels of a histogram keep apart, so it is not told which these are.
  for (const { name, metrics } of parse(text.replaceAll(histogram, '')) as readonly Parsed[]) {
    for (const { labels, value } of metrics) {
      const key = keyOf(name, labels)
      if (series.has(key) || value === '' || Number.isNaN(Number(value))) throw new Error(`${key}: ${value}`)
      series.set(key, Number(value))
    }
  }
  return { series, histograms: [...text.matchAll(histogram)].map(([, name = '']) => name) }
}

/** `name{label="value"}`, the labels by name and the values as JSON. */
export function keyOf(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`
}
