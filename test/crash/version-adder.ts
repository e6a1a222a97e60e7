// An application downstream of the one whose versions are switched: it goes on over switches, or starts over with them, and what it has
// is always what it makes of the results that it has read.
import type { SwitchOutputs } from '../../src/index.ts'
import type { Child } from './children.ts'
import { type DownstreamContents, downstreamOf } from './downstream.ts'
import type { Processes } from './processes.ts'
import type { EpisodeContext } from './subject.ts'
import type { VersionContents } from './version-contents.ts'

/** Whether it starts over with a switch, and what becomes of its outputs then. */
export type StartingOver = 'left' | 'kept' | 'emptied'

type Lanes = DownstreamContents['lanes']

export class Adder {
  readonly #processes: Processes
  readonly #context: EpisodeContext
  readonly #dir: string
  #child: Child | undefined
  /** What is asked for with the switches from here on. */
  #asked: StartingOver = 'left'
  /** What it had written before it started over last. */
  #before: Lanes = []
  /** As of the last check. */
  #lanes: Lanes = []
  #switches = 0

  constructor(processes: Processes, dir: string, context: EpisodeContext) {
    this.#processes = processes
    this.#dir = dir
    this.#context = context
  }

  get child(): Child | undefined {
    return this.#child
  }

  /** Who may be killed in the middle of a switch: one that is to start over, and was not closed, keeps it from being made. */
  get victim(): Child | undefined {
    return this.#asked === 'left' ? this.#child : undefined
  }

  /** Reads from now on, unless it does. */
  async ensure(): Promise<void> {
    if (this.#child?.isAlive === true) return
    const everyRecords = this.#context.random.pick([20, 10_000])
    this.#child = await this.#processes.employ({ role: 'adder', dir: this.#dir, everyRecords }, () => undefined)
    await this.#processes.within('what reads the results', this.#child.says('begun'))
  }

  /** Before a switch: it has to be closed to start over, and has to start over where its input is replaced. */
  async prepare(outputs: SwitchOutputs): Promise<StartingOver> {
    const { random } = this.#context
    const startsOver = random.chance(outputs === 'replace' ? 0.95 : 0.3)
    this.#asked = startsOver ? random.pick(['kept', 'emptied']) : 'left'
    if (startsOver && random.chance(0.95)) await this.#stop()
    return this.#asked
  }

  async #stop(): Promise<void> {
    const child = this.#child
    if (child?.isAlive !== true) return
    if (this.#context.random.chance(0.3)) return this.#processes.kill(child)
    this.#processes.mayEnd(child, 0)
    child.tell('close')
    await this.#processes.within('what reads the results to close', child.exited)
  }

  /** The results have been checked before. */
  check(contents: DownstreamContents, { switches, versions }: VersionContents): void {
    const { report, tally } = this.#context
    for (const { number } of switches.slice(this.#switches)) {
      if (this.#asked === 'left') continue
      tally.count(`downstream started over, outputs ${this.#asked}`)
      // It had been closed, so nothing was written since the last check.
      this.#before = this.#asked === 'kept' ? this.#lanes : []
      const isAlive = this.#child?.isAlive === true
      if (!isAlive && (contents.rows.size > 0 || contents.place.some((offset) => offset > 0)))
        report(`A4 switch ${number}: downstream was to start over, and is at ${contents.place.join()}`)
    }
    this.#switches = switches.length
    this.#lanes = contents.lanes
    const results = versions.find(({ isLive }) => isLive)?.topics.results ?? []
    for (const violation of downstreamViolations(contents, results, this.#before)) report(violation)
  }
}

/** @param before what it had written before it started over */
export function downstreamViolations(
  { place, rows, lanes }: DownstreamContents,
  results: Lanes,
  before: Lanes,
): readonly string[] {
  const due = downstreamOf(results, place)
  const violations: string[] = []
  for (const key of new Set([...rows.keys(), ...due.rows.keys()])) {
    const [is, should] = [rows.get(key), due.rows.get(key)]
    if (is !== should) violations.push(`A4 downstream: its store has ${is} for ${key}, where ${should} is due`)
  }
  for (const [lane, made] of due.lanes.entries()) {
    const [is, should] = [lanes[lane] ?? [], [...(before[lane] ?? []), ...made]]
    const at = Array.from({ length: Math.max(is.length, should.length) }).findIndex((_, n) => is[n] !== should[n])
    if (at < 0) continue
    violations.push(
      `A3 downstream: turnovers[${lane}] has "${is[at]}" at ${at} of ${is.length}, where "${should[at]}" of ${should.length} is due`,
    )
  }
  return violations
}
