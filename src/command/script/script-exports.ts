/**
 * What a script exports: a topology, in any of the forms that are taken, and how to run it.
 */
import { basename, extname } from 'node:path'
import { checkName, checkOptions } from '../../core/checks.ts'
import { shown } from '../../core/shown.ts'
import type { ScriptConfig, ScriptContext } from '../../runtime/script-face.ts'
import type { Topology } from '../../streams/topology.ts'
import { CommandFailed, UsageError } from '../exit-codes.ts'
import { ofScript } from './script-error.ts'
import type { Library, Script } from './scripts.ts'

/** The exports that may be a topology; the first that is there counts. */
const names = ['topology', 'default'] as const

type Build = (context: ScriptContext) => unknown

const wanted =
  'export a topology: "export const topology = builder.build()", "export default builder", or a default ' +
  'function that returns one'

/** Whether its topology is made by a function, which may ask for a log. */
export function isBuiltByFunction(script: Script): boolean {
  return typeof exportOf(script).value === 'function'
}

/** @throws CommandFailed when it exports none, or its function fails */
export async function topologyOf(script: Script, context: ScriptContext): Promise<Topology> {
  const { name, value } = exportOf(script)
  const isFunction = typeof value === 'function'
  try {
    const made = isFunction ? await (value as Build)(context) : value
    const topology = asTopology(made, script.library)
    if (topology !== undefined) return topology
    throw notTopology(script.path, `its export ${name} ${isFunction ? 'returns' : 'is'}`, made)
  } catch (error) {
    throw await ofScript(error, script.path)
  }
}

function exportOf({ path, exports }: Script): { readonly name: string; readonly value: unknown } {
  const name = names.find((one) => exports[one] !== undefined)
  if (name !== undefined) return { name, value: exports[name] }
  const found = Object.keys(exports)
  throw new CommandFailed(
    `${path} exports ${found.length === 0 ? 'nothing' : `only ${found.join(', ')}`}. For this command to run it, ${wanted}. ` +
      'If it calls startStreams itself, run it with node.',
  )
}

function asTopology(made: unknown, { StreamsBuilder, Topology }: Library): Topology | undefined {
  if (made instanceof StreamsBuilder) return made.build()
  return made instanceof Topology ? made : undefined
}

function notTopology(path: string, what: string, made: unknown): CommandFailed {
  const maker = typeof made === 'object' && made !== null ? made.constructor?.name : undefined
  if (maker === 'Topology' || maker === 'StreamsBuilder') {
    return new CommandFailed(
      `${path}: ${what} a ${maker} of another copy of millrace, not of the one that the script finds; ` +
        '"npm ls millrace" shows both, and "npm dedupe" may leave just one',
    )
  }
  return new CommandFailed(`${path}: ${what} ${shown(made)}. For this command to run it, ${wanted}.`)
}

/** A record, so that one that is missing does not compile. */
const configFields: Readonly<Record<keyof ScriptConfig, true>> = {
  applicationId: true,
  version: true,
  commit: true,
  onError: true,
  deadLetterTopic: true,
  deadLetterDrops: true,
  maxTaskIdleMs: true,
  idleTimeoutMs: true,
  until: true,
  stateCacheBytes: true,
  drop: true,
  rename: true,
}

/** @throws MillraceError `bad_option` */
export function configOf({ path, exports }: Script): ScriptConfig {
  const configNames = Object.keys(configFields) as (keyof ScriptConfig)[]
  return checkOptions(`the config of ${path}`, (exports['config'] ?? {}) as ScriptConfig, configNames)
}

/**
 * What the application is called: as the command line says, or the script, or as its file.
 *
 * @throws MillraceError `bad_option`
 */
export function applicationIdOf(path: string, config: ScriptConfig, given: string | undefined): string {
  const name = given ?? config.applicationId
  if (name !== undefined) return checkName('an application id', name)
  const base = basename(path, extname(path))
  try {
    return checkName('an application id', base)
  } catch {
    throw new UsageError(`${shown(base)}, the name of the script, cannot be an application id: give one with --app`)
  }
}
