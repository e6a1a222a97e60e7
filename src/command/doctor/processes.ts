/**
 * The processes of this machine that have the log open, as far as this user may know, and whether one stands still.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { type Finding, ok, problem } from './finding.ts'

export interface ProcessFacts {
  readonly pid: number
  readonly name: string
  /** By a signal, or a debugger. */
  readonly isStopped: boolean
}

/** Those that have a file open, without this one; undefined on a system that does not say. */
export function processesWith(path: string): readonly ProcessFacts[] | undefined {
  const file = realpathSync(path)
  const pids = readable(() => readdirSync('/proc').map(Number).filter(Number.isInteger))
  return pids?.flatMap((pid) => {
    const isOurs = pid === process.pid
    const stat = !isOurs && hasOpen(pid, file) ? readable(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) : undefined
    // The name stands in parentheses, and may hold some.
    const [, name, state] = /^\d+ \((.*)\) (\S)/s.exec(stat ?? '') ?? []
    return name === undefined ? [] : [{ pid, name, isStopped: state === 'T' || state === 't' }]
  })
}

function hasOpen(pid: number, file: string): boolean {
  const descriptors = readable(() => readdirSync(`/proc/${pid}/fd`)) ?? []
  return descriptors.some((one) => readable(() => readlinkSync(`/proc/${pid}/fd/${one}`)) === file)
}

/** Undefined for what another user has, or what has ended meanwhile. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined // see above
  }
}

export function checkProcesses(processes: readonly ProcessFacts[] | undefined): Finding[] {
  if (processes === undefined) return []
  const named = processes.map(({ pid, name }) => `${pid} (${name})`).join(', ')
  const stopped = processes.filter(({ isStopped }) => isStopped)
  if (stopped.length === 0) {
    if (processes.length === 0) return [ok('processes', 'no other process has it open, as far as this user may know')]
    return [ok('processes', `have it open: ${named}`)]
  }
  return stopped.map(({ pid, name }) =>
    problem(
      'processes',
      `process ${pid} (${name}) has it open and stands still: what it reads, runs or locks stays as it is`,
      `let it go on with "kill -CONT ${pid}", or end it with "kill -KILL ${pid}"`,
    ),
  )
}
