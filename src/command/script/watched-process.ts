/**
 * A process that another one watches: it tells that one which files its script is made of, and ends with it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
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

/** This command line without an option, on the same terminal. */
export function startAgain(without: string): OwnProcess {
  const argv = [...process.execArgv, ...process.argv.slice(1).filter((part) => part !== without)]
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, [variable]: String(pipe) },
    // The channel is how it learns that this process is gone.
    stdio: ['inherit', 'inherit', 'inherit', 'pipe', 'ipc'],
  })
  const paths = createInterface({ input: child.stdio[pipe] as Readable })
  return {
    onFile: (tell) => void paths.on('line', tell),
    ended: once(child, 'close').then(([code]) => code as number | null),
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  }
}
