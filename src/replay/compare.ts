/**
 * Compares two versions of an application, store by store and output by output. It needs no more than the log and the
 * names that the versions are kept under, so it works from any process, whether they run or not.
 */
import { checkBoolean, checkedFunction, checkOptions, checkSignal, checkWhole } from '../core/checks.ts'
import { parsePlan } from '../core/stored-plan.ts'
import type { ApplicationLog } from '../log/contract.ts'
import { type ComparedOutput, compareOutput } from './compare-outputs.ts'
import { comparedStores, compareStore } from './compare-stores.ts'
import type { ComparedPart, CompareOptions, ComparisonProgress, ComparisonReport } from './comparison-face.ts'
import { EqualMoments, type Hold } from './equal-moments.ts'
import type { CompareLimits } from './tally.ts'

/** Two versions, by the names that they are kept under. */
export interface ComparedVersions {
  readonly here: string
  readonly live: string
  readonly outputs: readonly ComparedOutput[]
}

const optionNames = ['samples', 'all', 'patienceMs', 'memoryBytes', 'onProgress', 'signal'] as const

/** @throws MillraceError `application_unknown`, `behind`, `bad_option`, `format_unknown`, `damaged` */
export async function compareVersions(
  log: ApplicationLog,
  { here, live, outputs }: ComparedVersions,
  options: CompareOptions = {},
  hold?: Hold,
): Promise<ComparisonReport> {
  const checked = checkOptions('compare', options, optionNames)
  const { samples = 20, all = false, patienceMs = 30_000, memoryBytes = 128 * 1_048_576, onProgress, signal } = checked
  const samplesMax = checkWhole('samples', samples, 0)
  checkBoolean('all', all)
  checkWhole('patienceMs', patienceMs, 0)
  checkWhole('memoryBytes', memoryBytes, 1)
  if (onProgress !== undefined) checkedFunction('onProgress', onProgress)
  if (signal !== undefined) checkSignal('signal', signal)
  const moments = new EqualMoments(log, here, live, { patienceMs, hold, signal })
  try {
    const hereStores = new Map(Object.entries(parsePlan(here, moments.here.plan).stores))
    const liveStores = new Map(Object.entries(parsePlan(live, moments.live.plan).stores))
    const names = comparedStores(hereStores, liveStores, all)
    const stores: ComparedPart[] = []
    const topics: ComparedPart[] = []
    const limitsOf = (part: ComparisonProgress['part'], name: string): CompareLimits => {
      const [done, total] = [stores.length + topics.length, names.length + outputs.length]
      const onRows = (rows: number): unknown => {
        signal?.throwIfAborted()
        return onProgress?.({ part, name, done, total, rows })
      }
      onRows(0)
      return { samplesMax, memoryBytes, onRows }
    }
    for (const name of names) {
      const limits = limitsOf('store', name)
      stores.push(await compareStore(moments, name, hereStores.get(name), liveStores.get(name), limits))
    }
    for (const output of outputs) {
      topics.push(await compareOutput(moments, log.records, output, limitsOf('topic', output.name)))
    }
    return { here, live, isEqual: [...stores, ...topics].every(isEqual), stores, topics }
  } finally {
    moments.close()
  }
}

function isEqual({ onlyHere, onlyLive, different, incomparable }: ComparedPart): boolean {
  return onlyHere + onlyLive + different === 0 && incomparable === undefined
}
