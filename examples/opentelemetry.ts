/**
 * Events for OpenTelemetry: a span for each commit and each failure, counters of records and drops, a histogram of
 * commits. The exporters keep everything in memory here; any other one takes their place.
 */
import { rm } from 'node:fs/promises'
import { metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { diagnostics, int64, nullable, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'

const spans = new InMemorySpanExporter()
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: measured })
const meters = new MeterProvider({ readers: [reader] })
metrics.setGlobalMeterProvider(meters)

const tracer = trace.getTracer('millrace')
const meter = metrics.getMeter('millrace')
const consumed = meter.createCounter('millrace.consumed', { unit: '{record}' })
const dropped = meter.createCounter('millrace.dropped', { unit: '{record}' })
const commitTime = meter.createHistogram('millrace.commit.duration', { unit: 's' })

diagnostics.subscribe('millrace:commit', ({ applicationId, version, records, durationMs }) => {
  const attributes = { 'millrace.application': applicationId, 'millrace.version': version }
  const endMs = Date.now()
  const startTime = endMs - durationMs
  tracer
    .startSpan('millrace commit', { startTime, attributes: { ...attributes, 'millrace.records': records } })
    .end(endMs)
  consumed.add(records, attributes)
  commitTime.record(durationMs / 1_000, attributes)
})
diagnostics.subscribe('millrace:drop', ({ applicationId, operator, reason, records }) =>
  dropped.add(records, {
    'millrace.application': applicationId,
    'millrace.operator': operator,
    'millrace.reason': reason,
  }),
)
diagnostics.subscribe('millrace:fail', ({ applicationId, error }) => {
  const span = tracer.startSpan('millrace fail', { attributes: { 'millrace.application': applicationId } })
  span.recordException(error instanceof Error ? error : String(error))
  span.setStatus({ code: SpanStatusCode.ERROR }).end()
})

const orders = topic('orders', { key: nullable(string()), value: int64() })
const builder = new StreamsBuilder()
builder.stream(orders).groupByKey({ name: 'by-buyer' }).count()

const dir = './data/opentelemetry'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
await log.producer().sendMany(orders, [
  { key: 'ann', value: 700 },
  { key: null, value: 500 }, // belongs to no one: dropped
  { key: 'bob', value: 500 },
])
const commit = { everyMs: 60_000 } // one is enough here: caughtUp() asks for it
const app = await startStreams(builder.build(), { log, applicationId: 'orders-per-buyer', commit })
await app.caughtUp()
await app.close()

for (const { name, attributes } of spans.getFinishedSpans()) console.log(name, attributes)
await reader.forceFlush()
for (const { descriptor, dataPoints } of measured
  .getMetrics()
  .flatMap(({ scopeMetrics }) => scopeMetrics[0]?.metrics ?? [])) {
  for (const { value } of dataPoints) {
    const shown = typeof value === 'number' ? value : `${value.count} measured`
    console.log(`${descriptor.name}: ${shown}`)
  }
}
await meters.shutdown()
