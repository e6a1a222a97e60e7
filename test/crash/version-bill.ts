// A consumer group that follows the results of an application across switches: it gets each record of a topic that goes on, and goes on
// by the time of its next record in a topic that took the place of another.
import type { Child } from './children.ts'
import type { Processes } from './processes.ts'
import type { EpisodeContext } from './subject.ts'
import { movedPlace, type Times } from './version-checks.ts'
import type { VersionContents } from './version-contents.ts'
import type { VersionHistory } from './version-history.ts'
import { outputsAt, type Place } from './version-model.ts'
import { laneCount, timeOf } from './versioned.ts'

interface Told {
  readonly lane: number
  readonly offset: number
  readonly line: string
}

const zero = (): number[] => Array.from({ length: laneCount }, () => 0)

export class Bill {
  readonly #processes: Processes
  readonly #dir: string
  readonly #report: EpisodeContext['report']
  #child: Child | undefined
  /** Since the last check. */
  #told: Told[] = []
  /** Up to where it has told everything. */
  #next = zero()
  #group: Place = zero()
  #switches = 0

  constructor(processes: Processes, dir: string, report: EpisodeContext['report']) {
    this.#processes = processes
    this.#dir = dir
    this.#report = report
  }

  /** Reads from now on, unless it does. */
  async start(): Promise<void> {
    if (this.#child?.isAlive === true) return
    this.#child = await this.#processes.employ({ role: 'bill', dir: this.#dir }, (word, rest) => {
      if (word !== 'read') return
      const [lane, offset, of, by] = rest.split(' ')
      this.#hear({ lane: Number(lane), offset: Number(offset), line: `${of} ${by}` })
    })
  }

  /** Reads no longer; what it has read is to be checked. */
  async leave(): Promise<void> {
    const child = this.#child
    if (child?.isAlive !== true) return
    this.#processes.mayEnd(child, 0)
    child.tell('close')
    await this.#processes.within('a member to leave', child.exited)
  }

  /** SIGKILL for whoever reads. */
  async kill(): Promise<void> {
    if (this.#child?.isAlive === true) await this.#processes.kill(this.#child)
  }

  #hear(told: Told): void {
    const next = this.#next[told.lane] ?? 0
    if (told.offset > next) this.#report(`A3 the group got ${told.lane}:${told.offset} after ${told.lane}:${next - 1}`)
    this.#next[told.lane] = told.offset + 1
    this.#told.push(told)
  }

  /** What the topics hold has been checked before. */
  check(contents: VersionContents, history: VersionHistory): void {
    const endsAt = (place: Place): readonly number[] =>
      outputsAt(history.written, (by) => history.countsOf(by), contents.input, place).results.map(
        ({ length }) => length,
      )
    const { group, switches, versions } = contents
    const live = versions.find(({ isLive }) => isLive)?.topics.results ?? []
    // What it had committed at the last check: it said that before, and by now it has been heard.
    for (const [lane, offset] of this.#group.entries()) {
      if (offset > (this.#next[lane] ?? 0)) this.#report(`A4 the group has committed ${lane}:${offset} unread`)
    }
    for (const { outputs, from, place } of switches.slice(this.#switches)) {
      if (outputs !== 'replace') continue
      const old = versions.find(({ row }) => row.version === from)?.topics.results ?? []
      const due = movedPlace(
        this.#group,
        timesOf(old),
        timesOf(live.map((lines, lane) => lines.slice(0, endsAt(place)[lane]))),
      )
      if (group.join() !== due.join())
        this.#report(`A4 the group was at ${this.#group.join()} and is at ${group.join()}, where ${due.join()} is due`)
      this.#next = [...due]
      this.#told = []
    }
    this.#switches = switches.length
    this.#group = group
    for (const { lane, offset, line } of this.#told) {
      const [of, , by] = (live[lane]?.[offset] ?? '').split(' ')
      if (`${of} ${by}` !== line)
        this.#report(`A6 the group got "${line}" at ${lane}:${offset}, where "${of} ${by}" is`)
    }
    this.#told = []
  }
}

function timesOf(lanes: readonly (readonly string[])[]): Times {
  return lanes.map((lines) => lines.map((line) => timeOf(Number(line.split(' ')[0]))))
}
