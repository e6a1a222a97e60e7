/**
 * The process that counts, as the demo of clicks sees it: started, killed with SIGKILL, started again.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { present } from '../../core/assert.ts'

/** How a worker ended. */
export interface WorkerEnd {
  /** Null for one that was killed. */
  readonly code: number | null
  readonly complaint: string
}

export class ClicksWorker implements AsyncDisposable {
  /** How often one was killed. */
  kills = 0
  /** The end of one that was neither killed nor stopped from here. */
  failure: WorkerEnd | undefined
  readonly #command: readonly string[]
  #child: ChildProcess
  #ended: Promise<WorkerEnd>
  /** One after another, however fast keys are pressed. */
  #kill: Promise<void> = Promise.resolve()
  #isStopped = false

  /** @param command with its arguments */
  constructor(command: readonly string[]) {
    this.#command = command
    ;[this.#child, this.#ended] = this.#start()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Kills it in whatever it does, waits until it is gone, and starts another one. */
  killAndRestart(): Promise<void> {
    this.#kill = this.#kill.then(async () => {
      if (this.#isStopped || this.failure !== undefined) return
      this.kills++
      this.#child.kill('SIGKILL')
      await this.#ended
      if (!this.#isStopped) [this.#child, this.#ended] = this.#start()
    })
    return this.#kill
  }

  /** Lets it finish its commit, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#kill
    this.#child.kill('SIGTERM')
    await this.#ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #start(): [ChildProcess, Promise<WorkerEnd>] {
    const [program, ...args] = this.#command
    // Its input is a pipe that closes when this process is gone, however it went: then the worker goes too.
    const child = spawn(present(program, 'a command has a program'), args, { stdio: ['pipe', 'ignore', 'pipe'] })
    let complaint = ''
    child.stdin.on('error', () => undefined) // it was killed
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    const kills = this.kills
    const ended = new Promise<WorkerEnd>((resolve) => {
      child.once('error', (error) => resolve({ code: null, complaint: error.message }))
      child.once('close', (code) => resolve({ code, complaint }))
    }).then((end) => {
      if (this.kills === kills && !this.#isStopped) this.failure = end
      return end
    })
    return [child, ended]
  }
}
