/**
 * What scrapers and probes ask for.
 */
import { metricsText } from '../metrics/metrics-text.ts'
import type { MetricsText } from '../metrics/prometheus.ts'
import type { Health } from '../health.ts'
import type { Question } from '../router.ts'

/** `?application=`, `?topic=` and `?group=`, each as often as needed, narrow it to what they name. */
export function metrics({ log, clock, query, accept }: Question): Promise<MetricsText> {
  return metricsText(log, {
    accept,
    applications: namesIn(query, 'application'),
    topics: namesIn(query, 'topic'),
    groups: namesIn(query, 'group'),
    clock,
  })
}

export function alive({ probes }: Question): Promise<Health> {
  return probes.alive()
}

/** `?application=`, as often as needed, says what has to run. */
export function ready({ probes, query }: Question): Promise<Health> {
  return probes.ready(namesIn(query, 'application') ?? [])
}

function namesIn(query: URLSearchParams, name: string): readonly string[] | undefined {
  const names = query.getAll(name)
  return names.length === 0 ? undefined : names
}
