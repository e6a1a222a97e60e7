// Mounts that nobody else sees: a script of the shell with a mount table of its own, which vanishes with it.
import { spawnSync } from 'node:child_process'

const asUser = ['--user', '--map-root-user', '--mount']
const asRoot = ['--mount']

/** What `unshare` must be told here; undefined where mounting is not permitted. */
const options = [asUser, asRoot].find(
  (one) => spawnSync('unshare', [...one, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0,
)

export const canMount: boolean = options !== undefined
export const noMounts = 'mounting is not permitted here (neither as root nor in a user namespace)'

/** Runs a script that may mount; `args` are its `$1`, `$2` and so on. Fails when the script does. */
export function runWithMounts(script: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('unshare', [...(options ?? []), 'sh', '-euc', script, 'sh', ...args], {
    encoding: 'utf8',
    timeout: 250_000,
    killSignal: 'SIGKILL',
  })
  if (status !== 0) throw new Error(`the script ended with ${status}\n${stdout}\n${stderr}`)
  return stdout
}
