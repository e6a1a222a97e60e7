/**
 * Series as text, by prom-client: the only file that imports it. It is loaded when the first scrape comes.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Slices } from '../slices.ts'
import { families } from './families.ts'
import type { Sample, Series } from './series.ts'

/** What `metricsText` returns. */
export interface MetricsText {
  /** For the header `Content-Type` of the answer. */
  readonly contentType: string
  /** The answer itself. */
  readonly text: string
}

export async function textOf(series: Series, isOpenMetrics: boolean, slices: Slices): Promise<MetricsText> {
  const contentType = isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE
  const registry = new Registry<typeof contentType>()
  registry.setContentType(contentType)
  const texts: string[] = []
  for (const [family, samples] of series.families) {
    const [kind, help] = families[family]
    // In OpenMetrics `_total` belongs to the samples, and not to the name.
    const name = isOpenMetrics ? family.replace(/_total$/, '') : family
    const metric = { name, help, registers: [registry] }
    new told[kind](metric, samples) // registers itself
    texts.push(`${await registry.getSingleMetricAsString(name)}\n`)
    await slices.next()
  }
  if (isOpenMetrics) texts.push('# EOF\n')
  return { contentType, text: texts.join('') }
}

declare module 'prom-client' {
  interface Histogram<T extends string = string> {
    /** What a registry asks a histogram for; its types leave it out. */
    getForPromString(): ReturnType<Gauge<T>['get']>
  }
}

type Configuration = Omit<ConstructorParameters<typeof Gauge>[0], 'collect'>

/** A counter that was counted elsewhere: prom-client's own begins at 0 with each process. */
class ToldCounter extends Counter {
  readonly #samples: readonly Sample[]

  constructor(configuration: Configuration, samples: readonly Sample[]) {
    super(configuration)
    this.#samples = samples
  }

  override async get(): ReturnType<Counter['get']> {
    return { ...(await super.get()), values: [...this.#samples] }
  }
}

/** The same of a histogram; its buckets are among the samples. */
class ToldHistogram extends Histogram {
  readonly #samples: readonly Sample[]

  constructor(configuration: Configuration, samples: readonly Sample[]) {
    super(configuration)
    this.#samples = samples
  }

  override async getForPromString(): ReturnType<Gauge['get']> {
    return { ...(await super.getForPromString()), values: [...this.#samples] }
  }
}

class ToldGauge extends Gauge {
  readonly #samples: readonly Sample[]

  constructor(configuration: Configuration, samples: readonly Sample[]) {
    super(configuration)
    this.#samples = samples
  }

  override async get(): ReturnType<Gauge['get']> {
    return { ...(await super.get()), values: [...this.#samples] }
  }
}

const told = { counter: ToldCounter, gauge: ToldGauge, histogram: ToldHistogram }
