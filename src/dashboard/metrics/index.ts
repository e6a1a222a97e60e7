/**
 * The public names of `millrace/metrics`.
 */
export { type MetricsTextOptions, metricsText } from './metrics-text.ts'
export type { MetricsText } from './prometheus.ts'
