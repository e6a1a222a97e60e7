// Logs and environments that close themselves when their test is over.
import { onTestFinished } from 'vitest'
import { EmbeddedLog, type EmbeddedLogOptions } from '../../src/log/embedded-log.ts'
import type { Log } from '../../src/log/face.ts'
import { DirectoryLog } from '../../src/log/log.ts'
import { Environment } from '../../src/storage/environment.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** An open environment in `dir`, durable as any other. */
export function openEnvironment(dir: string = temporaryDirectory()): Environment {
  return closedWithTest(Environment.openNow(dir))
}

function closedWithTest(environment: Environment): Environment {
  onTestFinished(() => environment.close())
  return environment
}

/** A log with the layers below it, which tests spy on and damage. */
export interface OpenedLog {
  readonly dir: string
  readonly environment: Environment
  readonly embedded: EmbeddedLog
  readonly log: Log
}

/** An open log in `dir`, for tests of what stands above the storage: it works as any other, but flushes nothing to the disk. */
export function openTestLog(dir: string = temporaryDirectory(), options: EmbeddedLogOptions = {}): OpenedLog {
  return openOn(closedWithTest(Environment.openNow(dir, { throwAway: true })), options)
}

/** An open log in `dir`, for tests of what a crash, a kill or a disk that fails leaves of it. */
export function openDurableLog(dir: string = temporaryDirectory(), options: EmbeddedLogOptions = {}): OpenedLog {
  return openOn(openEnvironment(dir), options)
}

function openOn(environment: Environment, options: EmbeddedLogOptions): OpenedLog {
  const embedded = new EmbeddedLog(environment, options)
  const log = new DirectoryLog(embedded)
  onTestFinished(() => log.close())
  return { dir: environment.dir, environment, embedded, log }
}
