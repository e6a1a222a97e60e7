// An engine that a test drives by hand, below the application.
import { ManualClock } from 'millrace'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { Session } from '../../src/log/contract.ts'
import type { Topology } from '../../src/plan/topology.ts'
import { commitTo } from '../../src/runtime/commit.ts'
import { Engine } from '../../src/runtime/engine.ts'
import type { EngineOptions } from '../../src/runtime/engine-options.ts'
import { beginningOf } from '../../src/runtime/take-over.ts'

export interface DrivenEngine {
  readonly session: Session
  readonly engine: Engine
  readonly commit: () => void
}

export function engineOn(
  log: EmbeddedLog,
  topology: Topology,
  options: Partial<EngineOptions> = {},
  applicationId = 'app',
): DrivenEngine {
  const { topics, begin } = beginningOf(topology, applicationId)
  const { session, start } = log.openNow({ applicationId }, topics, begin)
  const engine = new Engine(session, start, topology, {
    clock: new ManualClock(),
    policy: { retries: 0, answer: () => 'fail' },
    deadLetterTopic: 'letters',
    commitRecords: 1_000_000,
    maxTaskIdleMs: 0,
    idleTimeoutMs: Number.POSITIVE_INFINITY,
    isBounded: false,
    deadLetterDrops: false,
    stateCacheBytes: 0,
    onStop: () => undefined,
    onNews: () => undefined,
    ...options,
  })
  return { session, engine, commit: () => void commitTo(session, engine) }
}
