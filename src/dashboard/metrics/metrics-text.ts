/**
 * The metrics of a log as text: what `millrace/metrics` exports, for whatever server a program has, and what the
 * dashboard serves.
 */
import { checkList, checkName, checkOptions } from '../../core/checks.ts'
import { checkClock, type Clock, systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import type { Log } from '../../log/face.ts'
import { Slices } from '../slices.ts'
import { acceptsOpenMetrics } from './accept.ts'
import { lookAt, type Wanted } from './look.ts'
import type { MetricsText } from './prometheus.ts'
import { seriesOf } from './series-of-look.ts'
import type { Series } from './series.ts'
import { StoreSizes } from './store-sizes.ts'

/** What {@link metricsText} takes. With a list of names, the text has only what is named. */
export interface MetricsTextOptions {
  /** The header `Accept` of the request. Default: the text format of Prometheus. */
  readonly accept?: string | undefined
  /** Applications, by id. */
  readonly applications?: readonly string[] | undefined
  /** Topics, by name. */
  readonly topics?: readonly string[] | undefined
  /** Groups of consumers, by name. */
  readonly groups?: readonly string[] | undefined
  /** Where it takes time from. Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** Prometheus waits for ten seconds, unless it is told otherwise. */
const lookMs = 5_000

/** What is kept of a log from one scrape to the next. */
interface Scraped {
  readonly sizes: StoreSizes
  /** Looks that are under way, by what they look at. */
  readonly looks: Map<string, Promise<Series>>
}

const scraped = new WeakMap<Log, Scraped>()

/**
 * The metrics of everything on a log, as Prometheus reads them: applications, groups, topics and the file, whatever
 * process they run in. For programs that have an HTTP server; the dashboard serves the same at `/metrics`.
 *
 * docs/metrics.md lists them. What is committed goes on over restarts; the figures of an instance start again with each
 * instance. At most 2,000 of a kind have series, and `millrace_scrape_left_out` says how many have none: ask for those
 * by name. Calls at the same time share one reading of the log.
 *
 * @example
 * ```ts
 * const { contentType, text } = await metricsText(log, { accept: 'text/plain' })
 * console.log(contentType, text.split('\n').length)
 * ```
 * @throws MillraceError `bad_option`, `damaged`, `closed`, `storage_failed`
 */
export async function metricsText(log: Log, options: MetricsTextOptions = {}): Promise<MetricsText> {
  const known = ['accept', 'applications', 'topics', 'groups', 'clock']
  const { accept = '', applications, topics, groups, clock = systemClock } = checkOptions('metricsText', options, known)
  if (typeof accept !== 'string') throw new MillraceError('bad_option', `accept is a header, not ${shown(accept)}`)
  checkClock('clock', clock)
  const wanted = wantedOf({
    applications: checkNames('an application id', applications),
    topics: checkNames('the name of a topic', topics),
    groups: checkNames('the name of a group', groups),
  })
  const series = await sharedSeries(log, wanted, clock)
  // Loaded by the first who asks, and by no one who does not.
  const { textOf } = await import('./prometheus.ts')
  return textOf(series, acceptsOpenMetrics(accept), new Slices(clock, lookMs))
}

function checkNames(what: string, names: readonly string[] | undefined): readonly string[] | undefined {
  if (names === undefined) return undefined
  return checkList(`the list of ${what}`, names).map((name) => checkName(what, name))
}

/** Where one kind is named, the others are not wanted. */
function wantedOf(wanted: Wanted): Wanted {
  const { applications = [], topics = [], groups = [] } = wanted
  return Object.values(wanted).every((names) => names === undefined) ? wanted : { applications, topics, groups }
}

async function sharedSeries(log: Log, wanted: Wanted, clock: Clock): Promise<Series> {
  let known = scraped.get(log)
  if (known === undefined) {
    known = { sizes: new StoreSizes(() => clock.elapsed()), looks: new Map() }
    scraped.set(log, known)
  }
  const { sizes, looks } = known
  const name = JSON.stringify([wanted.applications, wanted.topics, wanted.groups])
  let series = looks.get(name)
  if (series === undefined) {
    const look = lookAt(log, wanted, new Slices(clock, lookMs), sizes)
    series = look.then(seriesOf).finally(() => looks.delete(name))
    looks.set(name, series)
  }
  return series
}
