// A project with scripts that the command runs, as a user has one: with millrace installed, without, or with another copy.
//
// SCRIPT_NODE=path/to/node runs the command with another Node than the tests.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compiledCommand } from './compiled.ts'
import { endWithTest, type Exit, Program } from './program.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const scriptNode: string = process.env['SCRIPT_NODE'] ?? process.execPath

/** What a command printed, and how it ended. */
export interface Ended extends Exit {
  readonly stdout: string
  readonly stderr: string
}

export interface ProjectOptions {
  /** What the scripts find as `millrace`. */
  readonly millrace?: 'installed' | 'none' | 'copy'
  readonly hasTsx?: boolean
}

export class ScriptProject {
  readonly dir: string = temporaryDirectory()
  readonly data: string = join(this.dir, 'data')
  /** The command; installed, if nothing else is said. */
  readonly command: string = compiledCommand()

  constructor(files: Readonly<Record<string, string>>, options: ProjectOptions = {}) {
    const { millrace = 'installed', hasTsx = false } = options
    this.write('package.json', JSON.stringify({ name: 'project', type: 'module', private: true }))
    for (const [path, text] of Object.entries(files)) this.write(path, text)
    const modules = join(this.dir, 'node_modules')
    mkdirSync(modules)
    const installed = dirname(dirname(dirname(this.command)))
    if (millrace === 'installed') symlinkSync(installed, join(modules, 'millrace'))
    if (millrace === 'copy') {
      cpSync(join(installed, 'src'), join(modules, 'millrace/src'), { recursive: true })
      cpSync(join(installed, 'package.json'), join(modules, 'millrace/package.json'))
      symlinkSync(join(root, 'node_modules'), join(modules, 'millrace/node_modules'))
    }
    if (hasTsx) symlinkSync(join(root, 'node_modules/tsx'), join(modules, 'tsx'))
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.dir, path)), { recursive: true })
    writeFileSync(join(this.dir, path), text)
  }

  /** What the command gets from around it. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, MILLRACE_DIR: this.data, NO_COLOR: '', TZ: 'UTC', NODE_OPTIONS: '' }
  }

  /** Starts the command; it is killed when the running test is over. */
  start(...argv: readonly string[]): Program {
    return endWithTest(new Program(scriptNode, [this.command, ...argv], this.env, this.dir))
  }

  /** Runs the command until it has ended. */
  async run(...argv: readonly string[]): Promise<Ended> {
    const program = this.start(...argv)
    const lines = await program.restOfLines()
    return { ...(await program.exited), stdout: lines.map((line) => `${line}\n`).join(''), stderr: program.errors }
  }
}
