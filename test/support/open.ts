// Logs and environments that close themselves when their test is over.
import { onTestFinished } from 'vitest'
import { EmbeddedLog, type EmbeddedLogOptions } from '../../src/log/embedded-log.ts'
import { Log } from '../../src/log/log.ts'
import { Environment } from '../../src/storage/environment.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** An open environment in `dir`. */
export function openEnvironment(dir: string = temporaryDirectory()): Environment {
  const environment = new Environment(dir)
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

/** An open log in `dir`. */
export function openTestLog(dir: string = temporaryDirectory(), options: EmbeddedLogOptions = {}): OpenedLog {
  const environment = openEnvironment(dir)
  const embedded = new EmbeddedLog(environment, options)
  const log = new Log(embedded)
  onTestFinished(() => log.close())
  return { dir, environment, embedded, log }
}
