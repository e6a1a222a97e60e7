// A command on a pseudo-terminal, and what a person sees there. Linux with util-linux's `script` and GNU `stty`.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { type ScriptProject, scriptNode } from './script-project.ts'

/** Undefined where a terminal can be had. */
export const whyNoTerminal: string | undefined = (() => {
  const { stdout, error } = spawnSync('script', ['--version'], { encoding: 'utf8' })
  if (error !== undefined) return `there is no script(1): ${error.message}`
  return stdout.includes('util-linux') ? undefined : 'script(1) is not that of util-linux'
})()

export interface Size {
  readonly columns: number
  readonly rows: number
}

export class Terminal {
  readonly #child: ReturnType<typeof spawn>
  readonly #exited: Promise<number | null>
  #size: Size
  #text = ''

  constructor(project: ScriptProject, argv: readonly string[], size: Size, env: NodeJS.ProcessEnv = {}) {
    this.#size = size
    const begin = `stty rows ${size.rows} cols ${size.columns}; tty; echo $$; exec "$NODE" "$MILLRACE" ${argv.join(' ')}`
    this.#child = spawn('script', ['-qefc', begin, '/dev/null'], {
      cwd: project.dir,
      env: { ...project.env, TERM: 'xterm', NODE: scriptNode, MILLRACE: project.command, ...env },
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()))
    this.#exited = once(this.#child, 'close').then(([code]) => code as number | null)
    onTestFinished(async () => {
      const { pid } = this
      if (pid !== undefined && this.#child.exitCode === null) process.kill(pid, 'SIGKILL')
      this.#child.kill('SIGKILL')
      await this.#exited
    })
  }

  /** The process of the command, once it is known. */
  get pid(): number | undefined {
    const [, pid] = /^\/dev\/\S+\r\n(\d+)\r\n/.exec(this.#text) ?? []
    return pid === undefined ? undefined : Number(pid)
  }

  /** Everything that was written, as it was written. */
  get text(): string {
    return this.#text.replace(/^.*\r\n\d+\r\n/, '')
  }

  /** Comes when this is true of what is there. */
  async until(holds: (terminal: this) => boolean): Promise<void> {
    while (!holds(this)) {
      const more = once(this.#child.stdout as NodeJS.ReadableStream, 'data').then(() => true)
      const goesOn = await Promise.race([more, this.#exited.then(() => false)])
      if (!goesOn && !holds(this)) throw new Error(`the command ended, and it did not come to that:\n${this.text}`)
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  resize(size: Size): void {
    this.#size = size
    const [device = ''] = this.#text.split('\r\n', 1)
    spawnSync('stty', ['-F', device, 'rows', String(size.rows), 'cols', String(size.columns)])
  }

  /** Its exit code. */
  get exited(): Promise<number | null> {
    return this.#exited
  }

  /** What is on the terminal, line by line, without what is empty at the end. */
  get lines(): readonly string[] {
    return linesOf(this.text, this.#size.columns)
  }
}

/**
 * What a terminal of this width has after this text: it breaks long lines, goes up and clears. It throws for a sequence
 * that it does not know, so none goes by unseen.
 */
export function linesOf(text: string, columns: number): readonly string[] {
  const lines: string[] = ['']
  let row = 0
  let column = 0
  // oxlint-disable-next-line no-control-regex
  for (const [part] of text.matchAll(/\u001b\[[\d;]*[A-Za-z]|[^]/g)) {
    const [, count = '', act] = /^\u001b\[([\d;]*)([A-Za-z])$/.exec(part) ?? [] // oxlint-disable-line no-control-regex
    if (act === 'm') continue
    else if (act === 'A') row = Math.max(0, row - Number(count || 1))
    else if (act === 'J') {
      lines.length = row + 1
      lines[row] = (lines[row] ?? '').slice(0, column)
    } else if (part === '\r') column = 0
    else if (part === '\n') row++
    else if (part.length === 1 && part >= ' ') {
      if (column === columns) {
        row++
        column = 0
      }
      lines[row] = (lines[row] ?? '').padEnd(column).slice(0, column) + part + (lines[row] ?? '').slice(column + 1)
      column++
    } else throw new Error(`the terminal does not know ${JSON.stringify(part)}`)
    while (lines.length <= row) lines.push('')
  }
  return lines
}
