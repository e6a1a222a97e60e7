// The processes of the kill loop: compiled once, loaded ahead of time, and given their work in a line of JSON.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from './programs/child.ts'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const living = new Set<ChildProcess>()
let endsThem = false

/** A signal that ends this process ends them too, the frozen ones among them; otherwise they would be left alone. */
function endTogether(child: ChildProcess): void {
  living.add(child)
  child.once('close', () => living.delete(child))
  if (endsThem) return
  endsThem = true
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      for (const one of living) one.kill('SIGKILL')
      process.kill(process.pid, signal)
    })
  }
}

export class Child {
  /** Settles when the process is gone and all that it said is heard. */
  readonly exited: Promise<Exit>
  /** Gets every line, as its first word and the rest. */
  onLine: (word: string, rest: string) => void = () => undefined
  complaints = ''
  #exit: Exit | undefined
  readonly #process: ChildProcess
  readonly #heard = new Set<string>()
  #lastLine = ''
  #waiters: { readonly word: string; readonly resolve: (heard: boolean) => void }[] = []

  /** The arguments are those of Node: its options, the program, and what the program is given. */
  constructor(...args: readonly string[]) {
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    endTogether(this.#process)
    const { stdin, stdout, stderr } = this.#process
    if (stdin === null || stdout === null || stderr === null) throw new Error('the process has no pipes')
    stdin.on('error', () => undefined) // whoever was killed does not read on
    stderr.on('data', (chunk: Buffer) => (this.complaints += chunk.toString()))
    const lines = createInterface({ input: stdout })
    lines.on('line', (line) => this.#hear(line))
    const ended = once(this.#process, 'close') as Promise<[Exit['code'], Exit['signal']]>
    this.exited = Promise.all([ended, once(lines, 'close')]).then(([[code, signal]]) => {
      this.#exit = { code, signal }
      for (const { resolve } of this.#waiters) resolve(false)
      return this.#exit
    })
  }

  #hear(line: string): void {
    this.#lastLine = line
    const at = line.indexOf(' ')
    const word = at < 0 ? line : line.slice(0, at)
    this.#heard.add(word)
    this.onLine(word, at < 0 ? '' : line.slice(at + 1))
    for (const waiter of this.#waiters) if (waiter.word === word) waiter.resolve(true)
    this.#waiters = this.#waiters.filter((waiter) => waiter.word !== word)
  }

  get isAlive(): boolean {
    return this.#exit === undefined
  }

  /** What it does, for a report: the state that the system gives it, and what it said last. */
  get state(): string {
    if (this.#exit !== undefined) return `ended with ${this.#exit.signal ?? this.#exit.code}`
    const place = `/proc/${this.#process.pid}`
    const state = existsSync(place) ? /State:\s*(.*)/.exec(readFileSync(`${place}/status`, 'utf8'))?.[1] : undefined
    return `${state ?? 'alive'}, said "${this.#lastLine}" last`
  }

  /** Whether it stands still (SIGSTOP), on Linux. */
  get isStopped(): boolean {
    return this.state.startsWith('T')
  }

  /** Whether its main thread waits for a lock; false where the system does not tell. */
  get waitsForLock(): boolean {
    const place = `/proc/${this.#process.pid}/wchan`
    return this.isAlive && existsSync(place) && readFileSync(place, 'utf8').startsWith('futex')
  }

  /** Whether it says this word, or has said it, before it ends. */
  says(word: string): Promise<boolean> {
    if (this.#heard.has(word)) return Promise.resolve(true)
    if (this.#exit !== undefined) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#waiters.push({ word, resolve })
    })
  }

  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`)
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal)
  }
}

/** Processes that are loaded and wait for their work. */
export class Crew {
  readonly #program: string
  readonly #size: number
  readonly #spare: Child[] = []

  constructor(program: string, size: number) {
    this.#program = program
    this.#size = size
    this.#fill()
  }

  #fill(): void {
    while (this.#spare.length < this.#size) this.#spare.push(new Child(this.#program))
  }

  /** A process that does what it is told from this moment on. */
  async employ(command: Command, onLine: Child['onLine'] = () => undefined): Promise<Child> {
    const child = this.#spare.shift() ?? new Child(this.#program)
    this.#fill()
    if (!(await child.says('armed'))) throw new Error(`a process did not load\n${child.complaints}`)
    child.onLine = onLine
    child.tell(JSON.stringify(command))
    return child
  }

  async dismiss(): Promise<void> {
    for (const child of this.#spare) child.signal('SIGKILL')
    await Promise.all(this.#spare.map((child) => child.exited))
  }
}
