/**
 * How much memory it takes to compare two versions of an application, by the size of their state and outputs.
 */
import { openLog } from 'millrace'
import { applicationLogOf } from '../../src/log/contract.ts'
import { besideName } from '../../src/log/kept/version-name.ts'
import { compareVersions } from '../../src/replay/compare.ts'
import { versionOutputs } from '../../src/replay/version-outputs.ts'
import { mostMemory, type MemoryResult } from './memory.ts'
import { applicationId, type VisitOptions, visits } from './visits.ts'

const version = 'v2'
const digits = 9

/** Every visitor from a number on once, in the order of their keys: the state is there sooner. */
export async function produceVisitsInOrder({ dir, keys, from }: VisitOptions & { from: number }): Promise<void> {
  await using log = await openLog(dir)
  const producer = log.producer()
  for (let index = from; index < keys;) {
    const chunk = []
    for (; chunk.length < 10_000 && index < keys; index++) {
      chunk.push({ key: `visitor ${String(index).padStart(digits, '0')}`, value: index, timestamp: index })
    }
    await producer.sendMany(visits, chunk)
  }
}

export interface ComparedMemory extends MemoryResult {
  /** The most memory that was resident, with pages of the log that the system can take back. */
  readonly residentBytes: number
  /** Keys of the store and of the output, which are on both sides. */
  readonly equal: number
  readonly cpuSeconds: number
}

export async function memoryOfComparison({ dir }: VisitOptions): Promise<ComparedMemory> {
  let equal = 0
  const { anonymousBytes } = await mostMemory(async () => {
    await using opened = await openLog(dir, { maintenance: false })
    const log = applicationLogOf(opened)
    const id = { applicationId, version }
    const outputs = versionOutputs(log, id, { outputs: {}, bases: {} })
    const { stores, topics } = await compareVersions(log, { here: besideName(id), live: applicationId, outputs })
    equal = [...stores, ...topics].reduce((total, part) => total + part.equal, 0)
  })
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  return { anonymousBytes, residentBytes: maxRSS * 1_024, equal, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }
}
