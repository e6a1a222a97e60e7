/**
 * What a script that is run by the command exports, and what it is given.
 */
import type { Log } from '../log/face.ts'
import type { StreamsOptions } from './face.ts'

/**
 * What `millrace run` calls the function with that a script exports as its default, where it exports no topology.
 *
 * Use it where the topology depends on what is in the log, or on the environment.
 *
 * @example
 * ```ts
 * import { type ScriptContext, StreamsBuilder, string, topic } from 'millrace'
 *
 * const serdes = { key: string(), value: string() }
 *
 * export default async ({ log, applicationId }: ScriptContext) => {
 *   const builder = new StreamsBuilder()
 *   const names = (await log.admin.listTopics()).map(({ name }) => name)
 *   if (names.includes('clicks')) builder.stream(topic('clicks', serdes)).to(topic('words', serdes))
 *   console.error(`${applicationId} reads ${names.length} topics`)
 *   return builder
 * }
 * ```
 */
export interface ScriptContext {
  /** The log that the topology is going to run on. `millrace describe` opens it to be read, where there is one. */
  readonly log: Log
  /** What the application is called. */
  readonly applicationId: string
}

/**
 * What a script may export as `config`: how `millrace run` starts its topology. Options of the command line beat it.
 *
 * @example
 * ```ts
 * import type { ScriptConfig } from 'millrace'
 *
 * export const config: ScriptConfig = { applicationId: 'visits', onError: 'deadLetter' }
 * ```
 */
export type ScriptConfig = Partial<Omit<StreamsOptions, 'log' | 'clock' | 'signal' | 'onStateChange'>>
