/**
 * Two versions of an application with a large state: they are compared, they take each other's place, and a third one
 * begins with a copy of the live one.
 */
import { openLog, type Producer, replay } from 'millrace'
import { applicationLogOf, type StoredApplication } from '../../src/log/contract.ts'
import { besideName } from '../../src/log/kept/version-name.ts'
import { compareVersions } from '../../src/replay/compare.ts'
import { OutputWalk, stretchesOf } from '../../src/log/outputs/output-rows.ts'
import { versionOutputs } from '../../src/replay/version-outputs.ts'
import { keyAfter } from '../../src/storage/keys.ts'
import { WatchedCommits } from '../commits.ts'
import { applicationId, startCounting, visitCounts, visitOf, type VisitOptions, visits } from './visits.ts'
import { besideWriter } from './writer-beside.ts'

const version = 'v2'

/** Makes the version beside, from the same records. */
export async function replayVisits({ dir }: VisitOptions): Promise<void> {
  await using log = await openLog(dir)
  const commit = { everyMs: 60_000, everyRecords: 100_000 }
  await using v2 = await replay(visitCounts(), { log, applicationId, version, commit })
  await v2.caughtUp()
}

export interface ComparisonResult {
  /** CPU time for comparing the stores, and for only reading them. */
  readonly storesSeconds: number
  readonly readStoresSeconds: number
  /** The same of the outputs. */
  readonly outputsSeconds: number
  readonly readOutputsSeconds: number
  readonly rows: number
}

export async function compareVisits({ dir }: VisitOptions): Promise<ComparisonResult> {
  await using opened = await openLog(dir, { maintenance: false })
  const log = applicationLogOf(opened)
  const id = { applicationId, version }
  const names = { here: besideName(id), live: applicationId }
  const outputs = versionOutputs(log, id, { outputs: {}, bases: {} })
  const sides = [names.here, names.live].map((name) => log.find(name)).filter((side) => side !== undefined)
  const both = outputs.flatMap(({ here, live }) => [here, live]).filter((output) => output !== undefined)
  const readStores = (): void => sides.forEach(readStore)
  const readOutputs = (): void => {
    for (const output of both) {
      for (const stretches of stretchesOf(log.records, output)) {
        const walk = new OutputWalk(log.records, stretches)
        while (walk.next());
      }
    }
  }
  readStores() // the file and the journals are warm
  const readStoresSeconds = await cpuSecondsOf(readStores)
  let rows = 0
  const storesSeconds = await cpuSecondsOf(async () => {
    const { stores } = await compareVersions(log, { ...names, outputs: [] })
    rows = stores.reduce((total, { equal }) => total + equal, 0)
  })
  const readOutputsSeconds = await cpuSecondsOf(readOutputs)
  const whole = await cpuSecondsOf(() => compareVersions(log, { ...names, outputs }))
  return { rows, storesSeconds, readStoresSeconds, outputsSeconds: whole - storesSeconds, readOutputsSeconds }
}

const pageRows = 1_024

/** The same pages as a comparison reads. */
function readStore(side: StoredApplication): void {
  const storeId = side.storeId('totals')
  if (storeId === undefined) throw new Error('there is no store "totals"')
  for (let from: Buffer | undefined = Buffer.alloc(0); from !== undefined;) {
    const page = side.state.range(storeId, 0, from, undefined, pageRows)
    const last = page.at(-1)
    from = last === undefined || page.length < pageRows ? undefined : keyAfter(last.key)
  }
}

async function cpuSecondsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

export interface SwitchResult {
  /** CPU time of a switch, on average. */
  readonly cpuMs: number
  /** Of the transaction that took most. */
  readonly transactionCpuMs: number
  /** By the transaction that writes most. */
  readonly writtenKilobytes: number
}

/** There and back a few times; neither version runs. */
export async function switchVisits({ dir, switches }: VisitOptions & { switches: number }): Promise<SwitchResult> {
  await using log = await openLog(dir, { maintenance: false })
  const there = (): Promise<unknown> => log.admin.switchVersion(applicationId, version, { outputs: 'replace' })
  const back = (): Promise<unknown> => log.admin.switchBack(applicationId)
  await there() // code and pages are warm
  await back()
  using commits = new WatchedCommits()
  const seconds = await cpuSecondsOf(async () => {
    for (let left = switches; left > 0; left -= 2) {
      await there()
      await back()
    }
  })
  const { commitMaxCpuMs: transactionCpuMs, writtenMaxBytes } = commits.result()
  return { cpuMs: (seconds * 1_000) / switches, transactionCpuMs, writtenKilobytes: writtenMaxBytes / 1e3 }
}

export interface CopyResult {
  readonly seconds: number
  /** CPU time of the transaction that took most. */
  readonly transactionCpuMs: number
  readonly cpuSeconds: number
  /** The longest that a record of someone else's took until it was durable. */
  readonly worstMs: number
}

/** A version that begins with a copy of the live one, while that one goes on. */
export async function copyVisits({ dir, keys }: VisitOptions): Promise<CopyResult> {
  await using log = await openLog(dir, { maintenance: false })
  await using app = await startCounting(log, {})
  await app.caughtUp()
  const live = applicationLogOf(log).find(applicationId)
  if (live !== undefined) readStore(live) // as after a while: its journal is in memory
  using commits = new WatchedCommits()
  const send = (producer: Producer, number: number): Promise<unknown> => producer.send(visits, visitOf(number, keys))
  const startMs = performance.now()
  const { worstMs } = await besideWriter(log, send, () =>
    applicationLogOf(log).copyLive({ applicationId, version: 'v3' }),
  )
  const seconds = (performance.now() - startMs) / 1_000
  const { commitMaxCpuMs: transactionCpuMs, cpuSeconds } = commits.result()
  return { seconds, transactionCpuMs, cpuSeconds, worstMs }
}
