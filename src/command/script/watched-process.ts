/**
 * A process that another one watches: it tells that one which files its script is made of, and ends with it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { messageOf } from '../../core/errors.ts'
import { CommandFailed } from '../exit-codes.ts'
import type { OwnProcess } from './scripts.ts'

/** Tells a process that it is watched, and where it writes the paths of its files to. */
const variable = 'MILLRACE_WATCHED'

/** A pipe beside the three streams that every process has. Any thread can write to it at once, unlike to a channel. */
const pipe = 3

/** The file descriptor for paths, in a process that is watched. What it starts itself is not. */
export function watchedBy(env: NodeJS.ProcessEnv): number | undefined {
  const isWatched = env[variable] !== undefined
  delete env[variable]
  return isWatched ? pipe : undefined
}

/**
 * This command line without an option, on the same terminal.
 *
 * @throws CommandFailed when the system starts none; where that is known only later, `ended` rejects with it
 */
export function startAgain(without: string): OwnProcess {
  const argv = [...process.execArgv, ...process.argv.slice(1).filter((part) => part !== without)]
  const child = spawned(argv)
  // Without a file descriptor for them there are no streams.
  const from = (child.stdio as ChildProcess['stdio'] | undefined)?.[pipe]
  // What was not started has no pid, and a signal to none would go to all processes of this group.
  const end = (signal: NodeJS.Signals): void => void (child.pid === undefined || child.kill(signal))
  const paths = from instanceof Readable ? createInterface({ input: from }) : undefined
  return {
    onFile: (tell) => void paths?.on('line', tell),
    ended: once(child, 'close').then(
      ([code]) => code as number | null,
      (error: unknown) => {
        throw notStarted(error)
      },
    ),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

function spawned(argv: readonly string[]): ChildProcess {
  try {
    return spawn(process.execPath, argv, {
      env: { ...process.env, [variable]: String(pipe) },
      // The channel is how it learns that this process is gone.
      stdio: ['inherit', 'inherit', 'inherit', 'pipe', 'ipc'],
    })
  } catch (error) {
    throw notStarted(error)
  }
}

function notStarted(error: unknown): CommandFailed {
  return new CommandFailed(`the script needs a process of its own, and the system starts none: ${messageOf(error)}`)
}
