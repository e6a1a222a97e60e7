// Runs the command in this process: what it prints, and how it ends.
import { PassThrough, Readable, Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import * as millrace from 'millrace'
import * as testing from 'millrace/testing'
import { ManualClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { ExitCode } from '../../src/command/exit-codes.ts'
import { runCommand } from '../../src/command/run-command.ts'
import { findScript } from '../../src/command/script/find-script.ts'
import type { Scripts } from '../../src/command/script/scripts.ts'
import type { VerbEntry } from '../../src/command/verb.ts'
import { verbs as allVerbs } from '../../src/command/verbs.ts'

/** What a command did, as whoever typed it sees it. */
export interface Ran {
  readonly code: ExitCode
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array | Readable
  readonly env?: Readonly<Record<string, string>>
  readonly clock?: Clock
  /** As on a terminal of this many columns. */
  readonly columns?: number
  readonly signal?: AbortSignal
  /** How a command starts another one; none does but the demo of clicks. */
  readonly self?: readonly string[]
  /** As Ctrl-C, once it has printed something: for what goes on until then. */
  readonly endsWhenPrinted?: boolean
  readonly verbs?: readonly VerbEntry[]
  /** Other than modules of the tests. */
  readonly scripts?: Scripts
}

/** 2025-03-04 08:00 UTC: what time it is unless a test says otherwise. */
export const commandTimeMs = 1_741_075_200_000

/** Gathers what is written to it; perhaps a terminal. */
export class Gathered extends Writable {
  readonly isTTY: boolean
  readonly columns: number | undefined
  text = ''
  onText: () => void = () => undefined

  /** @param highWaterMark after how many bytes whoever writes waits until they are taken */
  constructor(columns?: number, highWaterMark: number = 16_384) {
    super({ decodeStrings: false, highWaterMark })
    this.isTTY = columns !== undefined
    this.columns = columns
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
    this.onText()
  }
}

/** For a command that runs none. */
export const noScripts = (): Promise<never> => Promise.reject(new Error('no script is run here'))

/** Scripts are modules of the tests here: the loader is tested with the command in processes of its own. */
const modules: Scripts = {
  async import(path) {
    const exports = (await import(pathToFileURL(findScript(path)).href)) as Readonly<Record<string, unknown>>
    return { path, exports, library: millrace, testing: async () => testing, failed: new Promise<never>(() => {}) }
  },
  start() {
    throw new Error('no process is started here')
  },
}

export async function runInProcess(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const {
    stdin = '',
    env = {},
    self = [],
    columns,
    clock = new ManualClock(commandTimeMs),
    scripts = modules,
  } = options
  const stdout = new Gathered(columns)
  const stderr = new Gathered(columns)
  const input = stdin instanceof Readable ? stdin : new PassThrough().end(stdin)
  const printed = new AbortController()
  if (options.endsWhenPrinted === true) stdout.onText = () => printed.abort()
  const signal = options.signal ?? printed.signal
  const host = { stdin: () => input, stdout, stderr, env, clock, signal, self, scripts: async () => scripts }
  const code = await runCommand(argv, host, options.verbs ?? allVerbs)
  return { code, stdout: stdout.text, stderr: stderr.text }
}
