/**
 * Runs every job in a process of its own, on directories that are gone at the end.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeArguments } from '../test/support/compiling.ts'
import type { Bench } from './figure.ts'
import type { JobName, OptionsOf, ResultOf } from './jobs.ts'

const here = dirname(fileURLToPath(import.meta.url))
const outputBytesMax = 256 * 2 ** 20

interface Ended {
  readonly output: string
  readonly error: (Error & { readonly signal?: NodeJS.Signals | null }) | null
}

export class Processes implements Bench, Disposable {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  readonly progress: (text: string) => void

  constructor(progress: (text: string) => void) {
    this.progress = progress
  }

  async run<Name extends JobName>(name: Name, options: OptionsOf<Name>): Promise<ResultOf<Name>> {
    const { output, error } = await this.#start(name, options)
    if (error !== null) throw error
    return (output === '' ? undefined : JSON.parse(output)) as ResultOf<Name>
  }

  async crash<Name extends JobName>(name: Name, options: OptionsOf<Name>): Promise<void> {
    const { error } = await this.#start(name, options)
    if (error === null) throw new Error(`the job "${name}" ended by itself`)
    if (error.signal !== 'SIGKILL') throw error
  }

  #start(name: JobName, options: unknown): Promise<Ended> {
    const command = [...nodeArguments('bench/job.ts'), name, JSON.stringify(options)]
    return new Promise((resolve) => {
      const settings = { cwd: join(here, '..'), maxBuffer: outputBytesMax } // where tsconfig.json says what 'millrace' is
      execFile(process.execPath, command, settings, (error, output) => resolve({ output: output.trim(), error }))
    })
  }

  directory(name: string): string {
    const path = join(this.#scratch, name)
    rmSync(path, { recursive: true, force: true })
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#scratch, { recursive: true, force: true })
  }
}
