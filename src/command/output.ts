/**
 * Where data goes: standard output, with back-pressure. Tables for people, a JSON object a line for machines.
 */
import { escaped } from '../core/escaped.ts'
import { OutputClosed } from './exit-codes.ts'
import type { HostOutput } from './host.ts'
import { json } from '../inspect/json.ts'
import type { Column } from './table.ts'

/** Text that is gathered before it is written: a system call for each line would take most of the time. */
const gatheredCharsMax = 65_536

/** How wide a terminal is that does not say, or says 0, as one without a window does. */
const usualColumns = 80

export interface OutputOptions {
  readonly isJson: boolean
  /** Whether to use colours. */
  readonly isColoured: boolean
  /** Called when no one reads it any longer. */
  readonly onClosed: () => void
}

export class Output {
  readonly isJson: boolean
  readonly isColoured: boolean
  /** Whether a person reads it. */
  readonly isTerminal: boolean
  readonly #stream: HostOutput
  #gathered = ''
  #failure: Error | undefined
  #drained: (() => void) | undefined

  constructor(stream: HostOutput, options: OutputOptions) {
    this.#stream = stream
    this.isJson = options.isJson
    this.isColoured = options.isColoured
    this.isTerminal = stream.isTTY === true
    stream.on('drain', () => this.#drained?.())
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error.code === 'EPIPE' ? new OutputClosed('no one reads the output') : error
      this.#drained?.()
      options.onClosed()
    })
  }

  /** How many characters fit on a line; unlimited where no terminal cuts it off. */
  get columns(): number {
    return this.isTerminal ? this.#stream.columns || usualColumns : Number.POSITIVE_INFINITY
  }

  /** Bytes of a user as text that a terminal shows and does not obey; what goes elsewhere stays as it is. */
  harmless(text: string): string {
    return this.isTerminal ? escaped(text) : text
  }

  /** Rows as a table, its columns as given; with `--json` each row as it is. */
  async rows<R extends object>(rows: readonly R[], columns: readonly Column<R>[]): Promise<void> {
    if (this.isJson) {
      for (const row of rows) this.add(this.#line(row))
    } else {
      const { drawTable } = await import('./table.ts')
      this.add(await drawTable(rows, columns, { columns: this.columns, isColoured: this.isColoured }))
    }
    await this.flush()
  }

  /** What there is to say about one thing, as `name value` lines; with `--json` the thing as one object. */
  async facts(thing: object, facts: readonly (readonly [name: string, value: string | number])[]): Promise<void> {
    if (this.isJson) this.add(this.#line(thing))
    else {
      const width = Math.max(0, ...facts.map(([name]) => name.length))
      for (const [name, value] of facts) this.add(`${name.padEnd(width)}  ${escaped(String(value))}\n`)
    }
    await this.flush()
  }

  #line(thing: object): string {
    return `${this.harmless(json(thing))}\n`
  }

  /** Gathers text; true when there is enough of it to {@link flush}. */
  add(text: string): boolean {
    this.#gathered += text
    return this.#gathered.length >= gatheredCharsMax
  }

  /**
   * Writes what was gathered, and waits until the stream has room for more.
   *
   * @throws OutputClosed when no one reads it any longer
   */
  async flush(): Promise<void> {
    this.#check()
    if (this.#gathered === '') return
    const text = this.#gathered
    this.#gathered = ''
    if (!this.#stream.write(text)) await this.#drain()
    this.#check()
  }

  /** As {@link flush}, and waits until all of it is out of the process. */
  async end(): Promise<void> {
    await this.flush()
    await new Promise<void>((resolve) => {
      this.#stream.write('', () => resolve())
    })
    this.#check()
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#drained = undefined
        resolve()
      }
    })
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
