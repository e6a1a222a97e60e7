/**
 * One line on stderr that says how far import and counting are.
 */
import type { WriteStream } from 'node:tty'
import type { Application } from 'millrace'
import { accessLog } from '../clicks.ts'
import { formatTime, number } from './drawing.ts'
import type { Importer } from './importer.ts'
import type { Source } from './source.ts'

const terminalMs = 100

/** Rewrites its line in place on a terminal, without escape codes; elsewhere it writes a line every `elsewhereMs`. */
export class ProgressLine implements Disposable {
  readonly #out: WriteStream
  readonly #inPlace: boolean
  readonly #everyMs: number
  #describe: (() => string) | undefined
  #timer: NodeJS.Timeout | undefined
  #width = 0

  constructor(out: WriteStream, elsewhereMs: number) {
    this.#out = out
    this.#inPlace = out.isTTY
    this.#everyMs = this.#inPlace ? terminalMs : elsewhereMs
  }

  /** What the line says from here on. */
  show(describe: () => string): void {
    this.#describe = describe
    this.#timer ??= setInterval(() => this.#write(this.#inPlace ? '\r' : '\n'), this.#everyMs)
  }

  /** Says it a last time and ends the line. */
  end(): void {
    if (this.#describe !== undefined) this.#write('\n')
    this.#describe = undefined
    clearInterval(this.#timer)
  }

  [Symbol.dispose](): void {
    this.end()
  }

  #write(end: string): void {
    const text = this.#describe?.() ?? ''
    const line = this.#inPlace ? text.slice(0, this.#out.columns - 1) : text
    this.#out.write(line.padEnd(this.#width) + end)
    this.#width = this.#inPlace ? line.length : 0
  }
}

export function importProgress(importer: Importer, sources: readonly Source[]): () => string {
  const startedMs = performance.now()
  const linesBefore = importer.lines
  return () => {
    const places = sources.map((source) => importer.placeOf(source))
    const bytes = sources.reduce((total, { size }) => total + (size ?? Number.NaN), 0)
    const bytesDone = places.reduce((total, place) => total + place.bytes, 0)
    const perSecond = ((importer.lines - linesBefore) / (performance.now() - startedMs)) * 1_000
    return [
      `${number(importer.lines)} lines imported${percent(bytesDone / bytes)}`,
      `${number(perSecond)} rec/s`,
      ...at(Math.max(0, ...places.map(({ timestamp }) => timestamp))),
    ].join(' · ')
  }
}

export function countProgress(importer: Importer, app: Application): () => string {
  return () => {
    const { consumed, recordsPerSecond, eventTime, lag } = app.metrics()
    const counted = consumed[accessLog.name] ?? 0
    return [
      `${number(importer.lines)} lines imported`,
      `${number(counted)} counted${percent(counted / importer.lines)}`,
      `${number(recordsPerSecond)} rec/s`,
      ...at(eventTime),
      `lag ${number(lag)}`,
    ].join(' · ')
  }
}

/** How far event time has come; nothing before the first line. */
const at = (time: number): string[] => (time > 0 ? [`at ${formatTime(time)}`] : [])

/** Nothing where the whole is not known. */
function percent(share: number): string {
  return Number.isFinite(share) ? ` (${Math.floor(Math.min(share, 1) * 100)} %)` : ''
}
