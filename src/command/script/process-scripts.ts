/**
 * Scripts in the process of the command: their imports, and what they do to it.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { messageOf } from '../../core/errors.ts'
import { CommandFailed } from '../exit-codes.ts'
import { findScript } from './find-script.ts'
import { registerLoader } from './loader.ts'
import { ofScript } from './script-error.ts'
import type { ImportOptions, Library, Script, Scripts, Testing } from './scripts.ts'
import { startAgain, watchedBy } from './watched-process.ts'

export const processScripts: Scripts = {
  async import(path, options) {
    const file = findScript(path)
    const failed = failuresOf(path)
    tellWarnings(options.say)
    // Before the loader: its hooks may run in another thread, and asking it for every module of the library takes long.
    const library = (await copyOf(file, 'millrace')) as Library
    await registerLoader(file, watchedBy(process.env))
    const exports = await Promise.race([importOf(path, file), failed, abandonedOf(path, options.signal)])
    const testing = async (): Promise<Testing> => (await copyOf(file, 'millrace/testing')) as Testing
    return { path, exports, library, testing, failed }
  },
  start: startAgain,
}

async function importOf(path: string, file: string): Promise<Script['exports']> {
  try {
    return (await import(pathToFileURL(file).href)) as Script['exports']
  } catch (error) {
    throw await ofScript(error, path)
  }
}

/** The copy that the script finds; where it finds none, that of this command. */
async function copyOf(file: string, specifier: 'millrace' | 'millrace/testing'): Promise<unknown> {
  let url = import.meta.resolve(specifier)
  try {
    url = pathToFileURL(createRequire(file).resolve(specifier)).href
  } catch {
    // The hooks of the loader resolve its imports to this one as well.
  }
  return import(url)
}

/** What is thrown in a timer, or rejected and never caught. */
function failuresOf(path: string): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => void ofScript(error, path).then(reject))
    }
  })
  failed.catch(() => undefined) // a run that waits for it hears of it
  return failed
}

/** An import that has no end: nothing is left to happen, or the user gives up. */
function abandonedOf(path: string, signal: AbortSignal): Promise<never> {
  return new Promise<never>((_, reject) => {
    const stopped = (): void => reject(new CommandFailed(`stopped while ${path} was still being imported`))
    if (signal.aborted) stopped()
    signal.addEventListener('abort', stopped)
    process.once('beforeExit', () => {
      reject(new CommandFailed(`${path} never finishes: a top-level await waits for something that cannot happen`))
    })
  })
}

/** Node prints warnings past every stream, in the middle of what the terminal shows. */
function tellWarnings(say: ImportOptions['say']): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') say(`warning: ${messageOf(warning)}`)
  })
}
