// Programs in processes of their own, to be killed, to write beside the test, or to crash without taking it along.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { compiledProgram } from './compiled.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** How a program ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Program {
  /** Settles when the process is gone and its output is read. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #errors = ''

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env, cwd: string = root) {
    this.#child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'], env })
    const { stdin, stdout, stderr } = this.#child
    if (stdin === null || stdout === null || stderr === null) throw new Error('the program has no pipes')
    stdin.on('error', () => undefined) // a program that was killed does not read on
    stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()))
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }))
  }

  /** The next line that the program prints; undefined behind the last one. */
  async nextLine(): Promise<string | undefined> {
    const next = await this.#lines.next()
    return next.done === true ? undefined : next.value
  }

  /** What it has complained about so far. */
  get errors(): string {
    return this.#errors
  }

  /** Comes when it has complained about this; a program that ends without never does. */
  async complains(about: string): Promise<void> {
    while (!this.#errors.includes(about)) await once(this.#child.stderr as Readable, 'data')
  }

  /** Every line that it still prints. */
  async restOfLines(): Promise<string[]> {
    const lines: string[] = []
    for (let line = await this.nextLine(); line !== undefined; line = await this.nextLine()) lines.push(line)
    return lines
  }

  /** The next line; a program that ends instead is an error that says what it complained about. */
  async line(): Promise<string> {
    const line = await this.nextLine()
    if (line !== undefined) return line
    const { code, signal } = await this.exited
    throw new Error(`the program ended with ${signal ?? code} instead of a line\n${this.#errors}`)
  }

  /** Gives the program a line to read. */
  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** As Ctrl-C or a supervisor does. */
  signal(name: 'SIGINT' | 'SIGTERM'): void {
    this.#child.kill(name)
  }

  /** SIGKILL: nothing of the program runs any more. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** SIGSTOP: the program stands still, wherever it is. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  /** SIGCONT: a program that stands still goes on. */
  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** Tells a program that knows the line `stop` to stop itself, and waits until it stands still. */
  async stopItself(): Promise<void> {
    this.say('stop')
    while (!this.isFrozen) await new Promise(setImmediate)
  }

  /** Its entry in the process table, on Linux; a program that has ended is an error that says what it complained about. */
  get #status(): string {
    try {
      return readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    } catch (error) {
      throw new Error(`the program is gone\n${this.#errors}`, { cause: error })
    }
  }

  /** Whether it stands still, on Linux. */
  get isFrozen(): boolean {
    return /^State:\tT/m.test(this.#status)
  }
}

/** Kills a program when the running test is over. */
export function endWithTest(program: Program): Program {
  onTestFinished(async () => {
    program.kill()
    await program.exited
  })
  return program
}

/** Starts test/support/programs/`name`.ts; it is killed when the running test is over. */
export function startProgram(
  name: string,
  args: readonly string[],
  options: { readonly fileKilobytesMax?: number; readonly heapMegabytes?: number } = {},
): Program {
  const heap = options.heapMegabytes === undefined ? [] : [`--max-old-space-size=${options.heapMegabytes}`]
  const command = [process.execPath, ...heap, compiledProgram('test/support', name), ...args]
  const limit = options.fileKilobytesMax
  return endWithTest(
    limit === undefined
      ? new Program(process.execPath, command.slice(1))
      : new Program('bash', ['-c', `ulimit -f ${limit}; exec "$0" "$@"`, ...command]),
  )
}
