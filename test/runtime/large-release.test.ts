// A record that closes very many windows leaves a part of their results to further commits.
import { expect, test } from 'vitest'
import { int64, minutes, string, TimeWindows, topic, windowed } from 'millrace'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { input, topologyOf } from '../support/topology.ts'

test('results of 60,000 windows that one record closes take more than one commit, and each is there once', async () => {
  const { log } = openTestLog()
  const windows = TimeWindows.of({ size: minutes(1) })
  const results = topic('results', { key: windowed(string(), windows), value: int64() })
  const keys = Array.from({ length: 60_000 }, (_, i) => ({ key: `key ${i}`, value: '', timestamp: 0 }))
  await log.producer().sendMany(input, keys)
  const script = topologyOf((builder) =>
    builder.stream(input).groupByKey().windowedBy(windows).emitStrategy('onWindowClose').count().toStream().to(results),
  )
  const app = await start(log, script, { commit: { everyMs: minutes(60), everyRecords: 1_000_000 } })
  await app.caughtUp()
  const before = app.metrics().commits
  await log.producer().send(input, { key: 'the end', value: '', timestamp: minutes(2) })
  await app.caughtUp()
  expect(app.metrics().commits - before).toBeGreaterThan(1)
  const seen = new Set<string>()
  for await (const { key, value } of log.read(results)) {
    expect(value).toBe(1)
    seen.add(key.key)
  }
  expect(seen.size).toBe(60_000)
  expect((await log.admin.endOffsets(results))[0]).toBe(60_000)
})
