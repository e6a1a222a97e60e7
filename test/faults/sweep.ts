// One run on a disk that fails at one call, and everything that must hold then: a coded error, refusal of all further work,
// an end by itself, nothing acknowledged lost, nothing seen that is not there, and a restart that counts the input to its end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Log, openLog, startStreams } from '../../src/index.ts'
import { check, type SeenMark, type Verdict } from '../crash/checks.ts'
import { readKept, readTopics } from '../crash/contents.ts'
import { inputOf, type Plan, prefixEndsOf } from '../crash/input.ts'
import { sendPrefix } from '../crash/programs/importer.ts'
import { applicationId, trace } from '../crash/topics.ts'
import { countOrders } from '../crash/topology.ts'
import { compileShim, describeFault, failingDisk, type Fault } from './failing-disk.ts'
import { programPath } from './programs.ts'

export const plan: Plan = { seed: 8, records: 100, mode: 'live' }

/** No run takes this long unless it hangs. */
const patienceMs = 240_000

/** What runs on a failing disk, and what makes the disk fail. */
export interface Bench {
  readonly program: string
  readonly shim: string
}

/** Undefined where there is no C compiler. */
export function makeBench(dir: string): Bench | undefined {
  const shim = compileShim(dir)
  return shim === undefined ? undefined : { program: programPath('work-on-disk'), shim }
}

export interface Outcome {
  /** Whether the run was long enough to come to the fault. */
  readonly hit: boolean
  /** Whether LMDB crashed over the fault. */
  readonly crashed: boolean
  readonly violations: readonly string[]
}

/** Runs on `dir`, which is empty, with the fault; then restarts on a sound disk. */
export async function runWithFault({ program, shim }: Bench, fault: Fault, dir: string): Promise<Outcome> {
  const { lines, complaints, end } = await runToItsEnd(program, dir, failingDisk(shim, fault))
  const hit = complaints.includes('fault ')
  const crashed = isCrashOfLmdb(fault, end)
  // A commit is as good without its seal, so nobody is told.
  const fails = hit && fault.call !== 'seal'
  const violations = crashed ? [] : fails ? violationsOfFailure(lines, end) : violationsOfSuccess(lines, end)
  if (violations.length > 0) violations.push(`it said\n${lines.join('\n')}\n${complaints}`)
  return { hit, crashed, violations: [...violations, ...(await violationsOfRestart(dir, lines))] }
}

/**
 * lmdb 3.5.6 prints what it knows of a failed write of a page into a buffer of 100 bytes, which may be too short, and does not
 * survive that the first write of a new file fails. So the system may end the process then. What the log holds is checked
 * all the same.
 */
function isCrashOfLmdb({ call }: Fault, end: string): boolean {
  return call === 'page' && ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGTRAP'].includes(end)
}

interface Run {
  readonly lines: readonly string[]
  readonly complaints: string
  /** Its exit code or signal, or that it had to be killed. */
  readonly end: string
}

async function runToItsEnd(program: string, dir: string, env: NodeJS.ProcessEnv): Promise<Run> {
  const child = spawn(process.execPath, [program, dir, JSON.stringify(plan)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let complaints = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  let hangs = false
  const timer = setTimeout(() => {
    hangs = true
    child.kill('SIGKILL')
  }, patienceMs)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  return {
    lines: output.split('\n').filter(Boolean),
    complaints,
    end: hangs ? 'it hangs' : (signal ?? `exit code ${code}`),
  }
}

export function violationsOfSuccess(lines: readonly string[], end: string): string[] {
  return end === 'exit code 0' && lines.at(-1) === 'closed' ? [] : [`a run without a fault ended with ${end}`]
}

/** Whatever happened after the fault was refused, for the same reason; then the process came to its end. */
export function violationsOfFailure(lines: readonly string[], end: string): string[] {
  const failures = lines.filter((line) => /^(open|start|import|application|reader|refused) /.test(line))
  const gap = lines.find((line) => line.startsWith('gap '))
  return [
    ...(end === 'exit code 3' ? [] : [`it ended with ${end}`]),
    ...(lines.at(-1) === 'closed' ? [] : ['it did not come to its end']),
    ...(failures.length > 0 ? [] : ['nobody was told of the fault']),
    ...failures.filter((line) => !line.includes(' storage_failed ')),
    ...lines.filter((line) => line.startsWith('accepted ')),
    ...(gap === undefined ? [] : [gap]),
  ]
}

async function importRest(log: Log, imported: number): Promise<void> {
  const input = inputOf(plan)
  let at = imported
  for (const end of prefixEndsOf(plan).filter((one) => one > imported)) {
    await sendPrefix(log.producer(), input.slice(at, end), end)
    at = end
  }
}

/** A log is checked, counted to its end, and checked again. */
export async function violationsOfRestart(dir: string, lines: readonly string[]): Promise<readonly string[]> {
  const ofWord = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const acked = Number(ofWord('ack').at(-1) ?? 0)
  const seen = ofWord('saw').map((line): SeenMark => {
    const [topic = '', partition, end, digest = ''] = line.split(' ')
    return { topic, partition: Number(partition), end: Number(end), digest }
  })
  const log = await openLog(dir)
  try {
    const look = async (): Promise<Verdict> => {
      const counted = (await log.admin.listTopics()).some(({ name }) => name === trace.name)
      const contents = { topics: await readTopics(log), kept: counted ? await readKept(log) : undefined }
      return check(contents, { plan, acked, importing: false, seen, fenced: [] })
    }
    const found = await look()
    await importRest(log, found.imported)
    const app = await startStreams(countOrders({ run: 2, pauseEvery: 0 }), {
      log,
      applicationId,
      onError: 'deadLetter',
    })
    await app.caughtUp()
    await app.close()
    const { violations, consumed } = await look()
    return [
      ...found.violations.map((violation) => `after the fault: ${violation}`),
      ...violations.map((violation) => `after the restart: ${violation}`),
      ...(consumed === plan.records ? [] : [`after the restart: ${consumed} of ${plan.records} records are counted`]),
    ]
  } finally {
    await log.close()
  }
}

const modes: readonly Omit<Fault, 'at'>[] = [
  { call: 'sync', error: 'EIO', times: 'once', done: false },
  { call: 'sync', error: 'EIO', times: 'once', done: true },
  { call: 'sync', error: 'EIO', times: 'for ever', done: false },
  { call: 'commit', error: 'EIO', times: 'once', done: false },
  { call: 'commit', error: 'EIO', times: 'once', done: true },
  { call: 'commit', error: 'EIO', times: 'for ever', done: true },
  { call: 'page', error: 'EIO', times: 'once', done: false },
  { call: 'page', error: 'EIO', times: 'for ever', done: true },
  { call: 'page', error: 'ENOSPC', times: 'once', done: false },
  { call: 'page', error: 'ENOSPC', times: 'for ever', done: false },
  { call: 'seal', error: 'EIO', times: 'once', done: false },
  { call: 'seal', error: 'EIO', times: 'for ever', done: false },
]

/** Of every so many calls one fails, where there is no time for all. */
export const sampleStride = 29

export interface SweepResult {
  readonly faults: number
  /** Faults that ended the process by {@link isCrashOfLmdb}. */
  readonly crashes: number
  readonly violations: readonly string[]
}

/**
 * Lets each call fail in its turn, in every mode, until a run is over before its fault comes. With a stride only every so
 * manieth call fails, each mode beginning at another one.
 */
export async function sweep(
  bench: Bench,
  dir: string,
  stride: number,
  report: (line: string) => void,
): Promise<SweepResult> {
  const violations: string[] = []
  let faults = 0
  let crashes = 0
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < modes.length; index = next++) {
      const mode = modes[index] as Omit<Fault, 'at'>
      for (let at = 1 + (index % stride); ; at += stride) {
        const fault = { ...mode, at }
        const place = join(dir, `${index}-${at}`)
        const outcome = await runWithFault(bench, fault, place)
        violations.push(...outcome.violations.map((violation) => `${describeFault(fault)}: ${violation}`))
        if (outcome.violations.length === 0) rmSync(place, { recursive: true })
        if (!outcome.hit) break
        faults++
        if (outcome.crashed) crashes++
      }
      report(
        `${describeFault({ ...mode, at: 0 }).replace(' 0', ' N')}: ${faults} faults so far, ${violations.length} violations`,
      )
    }
  }
  await Promise.all([work(), work()])
  return { faults, crashes, violations }
}
