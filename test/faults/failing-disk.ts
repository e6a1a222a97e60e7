// A disk that fails on purpose: the C shim beside this file, compiled when a test needs it, and the variables that steer it.
import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Which calls go wrong, and how. */
export interface Fault {
  /** LMDB's fdatasync, its writes of pages, its last write of a transaction (the commit), the seal of that, or its mmap while it opens. */
  readonly call: 'sync' | 'page' | 'commit' | 'seal' | 'map'
  /** The how manieth call, from 1. */
  readonly at: number
  readonly times: 'once' | 'for ever'
  readonly error: 'EIO' | 'ENOSPC' | 'stopped'
  /** Whether the call does its work before it is reported as failed. */
  readonly done: boolean
}

export function describeFault({ call, at, times, error, done }: Fault): string {
  return `${error} at ${call} ${at} ${times}${done ? ', with its work done' : ''}`
}

/** Compiles the shim into a directory; undefined where there is no C compiler, or no Linux. */
export function compileShim(dir: string): string | undefined {
  if (process.platform !== 'linux') return undefined
  const shim = join(dir, 'failing-disk.so')
  const source = fileURLToPath(new URL('failing-disk.c', import.meta.url))
  const { error, status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-o', shim, source, '-ldl'])
  if (error !== undefined) return undefined
  if (status !== 0) throw new Error(`the shim does not compile\n${stderr.toString()}`)
  return shim
}

export const noCompiler = 'needs Linux and a C compiler (cc)'

/** The environment of a process whose disk fails. */
export function failingDisk(shim: string, { call, at, times, error, done }: Fault): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LD_PRELOAD: shim,
    FAULT_FILE: '/data.mdb',
    FAULT_CALL: call,
    FAULT_AT: String(at),
    FAULT_TIMES: times === 'once' ? '1' : '0',
    FAULT_ERROR: String(error === 'stopped' ? 0 : constants.errno[error]),
    FAULT_DONE: done ? '1' : '0',
  }
}
