// Another process that commits, for as long as a test wants it to.
import { type Program, startProgram } from './program.ts'

export class LockHolder {
  readonly #program: Program

  private constructor(program: Program) {
    this.#program = program
  }

  /** Of a directory that exists. */
  static async of(dir: string): Promise<LockHolder> {
    const program = startProgram('hold-commit-lock', [dir])
    await program.line()
    return new LockHolder(program)
  }

  async take(): Promise<void> {
    this.#program.say('take')
    await this.#program.line()
  }

  async release(): Promise<void> {
    this.#program.say('release')
    await this.#program.line()
  }

  /** It stands still, and keeps what it holds. */
  freeze(): void {
    this.#program.freeze()
  }

  thaw(): void {
    this.#program.thaw()
  }

  kill(): void {
    this.#program.kill()
  }
}
