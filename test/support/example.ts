// The examples as a user starts them: commands in processes of their own, and a look at the log that they work on.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { openLog } from '../../src/log/log.ts'
import { compiled } from './compiled.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningExample {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Outcome>
}

export interface StartOptions {
  readonly input?: Uint8Array
  /** Where it keeps its data; by default a directory of its own. */
  readonly cwd?: string
  /** As its page says, which takes longer than to start it compiled. */
  readonly withTsx?: boolean
}

/** Starts examples/`name`.ts; it is killed when the running test is over. */
export function startExample(
  name: string,
  args: readonly string[] = [],
  { input, cwd = temporaryDirectory(), withTsx = false }: StartOptions = {},
): RunningExample {
  const path = `examples/${name}.ts`
  const program = withTsx ? ['--import', tsx, join(root, path)] : [compiled(path)]
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') }
  const child = spawn(process.execPath, [...program, ...args], { cwd, env })
  onTestFinished(() => void child.kill('SIGKILL'))
  const printed = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text))
  child.stdin.on('error', () => undefined) // a command that was killed, or refuses its input, does not read on
  child.stdin.end(input)
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    ...printed,
  }))
  return { child, ended }
}

export function runExample(name: string, args?: readonly string[], options?: StartOptions): Promise<Outcome> {
  return startExample(name, args, options).ended
}

/** Looks into the log of a command that may be running. */
export async function lookInto(dir: string): Promise<(topic: string) => Promise<number>> {
  const log = await openLog(dir)
  onTestFinished(() => log.close())
  return async (topic) => {
    const topics = await log.admin.listTopics()
    if (!topics.some(({ name }) => name === topic)) return 0
    return (await log.admin.endOffsets(topic)).reduce((total, offset) => total + offset, 0)
  }
}

/** Waits until a topic holds so many records. */
export async function untilRecords(
  recordsOf: (topic: string) => Promise<number>,
  topic: string,
  least: number,
): Promise<void> {
  while ((await recordsOf(topic)) < least) await sleep(2)
}

/** Waits until an application, which has committed before, has worked off all that the log holds for it. */
export async function untilWorkedOff(dir: string, applicationId: string): Promise<void> {
  await using log = await openLog(dir)
  while ((await log.admin.lag(applicationId)).some(({ records }) => records !== 0)) await sleep(2)
}
