/**
 * Verification of a whole log while others read and write.
 */
import { yieldToEventLoop } from '../../core/clock.ts'
import { checkBoolean, checkedFunction, checkOptions, checkSignal } from '../../core/checks.ts'
import { ProgressMeter, type WorkProgress } from '../../core/work-progress.ts'
import type { Environment } from '../../storage/environment.ts'
import type { Catalogue } from '../kept/catalogue.ts'
import { partitionsOf } from '../format/partition-id.ts'
import type { TopicDescription } from '../kept/topic-row.ts'
import { Findings, type VerifyReport } from './findings.ts'
import { checkApplications } from './verify-applications.ts'
import { checkOrphans, readCatalogue } from './verify-catalogue.ts'
import { checkPartition } from './verify-partition.ts'
import { checkRows } from './verify-rows.ts'
import { checkState } from './verify-state.ts'

/** What `log.admin.verify` takes. */
export interface VerifyOptions {
  /** Whether to look at every record: its place, its length and its timestamp. Default false: every batch. */
  readonly deep?: boolean | undefined
  /** Called a few times a second, and at the end. Bytes are those of batches. */
  readonly onProgress?: ((progress: WorkProgress) => void) | undefined
  /** Ends the verification early: it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined
}

/** Does the work without pausing. */
function* stepOf(work: () => void): Generator<number> {
  work()
  yield 0
}

export async function verifyLog(
  environment: Environment,
  catalogue: Catalogue,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const { deep = false, onProgress, signal } = checkOptions('verify', options, ['deep', 'onProgress', 'signal'])
  checkBoolean('deep', deep)
  if (onProgress !== undefined) checkedFunction('onProgress', onProgress)
  if (signal !== undefined) checkSignal('signal', signal)
  environment.refresh()
  const findings = new Findings()
  const meter = new ProgressMeter(0, onProgress)
  function* work(): Generator<number> {
    let topics: readonly TopicDescription[] = []
    yield* findings.guarded(
      {},
      stepOf(() => {
        topics = readCatalogue(environment).topics
        checkOrphans(environment, findings)
      }),
    )
    findings.counts.topics = topics.length
    yield* findings.guarded(
      {},
      stepOf(() => catalogue.check()),
    )
    yield* checkRows(environment, findings)
    yield* findings.guarded({}, checkState(environment, findings))
    yield* findings.guarded(
      {},
      stepOf(() => checkApplications(environment, findings)),
    )
    yield* findings.guarded(
      {},
      stepOf(() => {
        meter.totalBytes = environment.statistics().usedBytes
      }),
    )
    for (const partition of topics.flatMap(partitionsOf)) {
      const place = { topic: partition.topic, partition: partition.partition }
      yield* findings.guarded(place, checkPartition(environment, partition, deep, findings))
    }
  }
  for (const bytes of work()) {
    meter.add(bytes)
    await yieldToEventLoop()
    signal?.throwIfAborted()
    environment.refresh()
  }
  meter.finish()
  return findings.report()
}
