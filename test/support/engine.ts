// An engine that a test drives by hand, below the application.
import { ManualClock, type Topology } from 'millrace'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { Engine, type EngineOptions } from '../../src/runtime/engine.ts'

export function engineOn(log: EmbeddedLog, topology: Topology, options: Partial<EngineOptions> = {}): Engine {
  return new Engine(log, topology, {
    applicationId: 'app',
    clock: new ManualClock(),
    policy: { retries: 0, answer: () => 'fail' },
    deadLetterTopic: 'letters',
    commitRecords: 1_000_000,
    maxTaskIdleMs: 0,
    stateCacheBytes: 0,
    onStop: () => undefined,
    ...options,
  })
}
