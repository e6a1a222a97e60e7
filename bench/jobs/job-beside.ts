/**
 * A job in a process of its own, beside the one that is measured.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { nodeArguments } from '../../test/support/compiling.ts'

export class JobBeside {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(name: string, options: object) {
    this.#name = name
    const args = [...nodeArguments('bench/job.ts'), name, JSON.stringify(options)]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const next = await this.#lines.next()
    if (next.done === true) throw new Error(`the job "${this.#name}" has ended early`)
    return next.value
  }

  /** Tells it that nothing more comes. */
  endInput(): void {
    this.#child.stdin?.end()
  }

  /** Comes when it has ended. */
  async ended(): Promise<void> {
    while ((await this.#lines.next()).done !== true);
  }
}
