// What is known of an application from its switches: whose work is in which stores and topics. It is brought up to date with each look at
// the log, and says what must not be so.
import type { KeptVersion, VersionContents } from './version-contents.ts'
import { type Correction, correctionOf, joined } from './version-corrections.ts'
import {
  askedAt,
  continued,
  type Course,
  courseOf,
  type Input,
  type Outputs,
  outputsAt,
  type Place,
} from './version-model.ts'
import { laneCount } from './versioned.ts'

type Report = (violation: string) => void

/** A course up to a place. */
interface Work {
  readonly written: Course
  readonly end: Place
}

/** What a version beside has for itself. */
interface Own {
  readonly written: Course
  /** What came before that, in topics that another version has. */
  readonly base?: Work | undefined
}

export class VersionHistory {
  readonly asks: boolean
  /** By version: whose code has counted what is in its stores. */
  readonly #counts = new Map<string, Course>()
  /** Who wrote the topics of the live version. */
  #written: Course
  /** By version: its own topics. */
  readonly #own = new Map<string, Own>()
  /** Those that were live and have not been since. */
  readonly #left = new Set<string>()
  #live: string
  #switches = 0

  /** @param asks whether the application has calls */
  constructor(first: string, asks: boolean = true) {
    this.asks = asks
    this.#live = first
    this.#counts.set(first, courseOf(first, laneCount))
    this.#written = courseOf(first, laneCount)
  }

  get live(): string {
    return this.#live
  }

  /** The topics of the names. */
  get written(): Course {
    return this.#written
  }

  get switches(): number {
    return this.#switches
  }

  countsOf(version: string): Course {
    return this.#counts.get(version) ?? courseOf(version, laneCount)
  }

  /** The topics of a version beside. */
  ownOf(version: string): Own {
    return this.#own.get(version) ?? { written: courseOf(version, laneCount) }
  }

  wasLive(version: string): boolean {
    return this.#left.has(version)
  }

  /** What has happened since the last time. */
  take(contents: VersionContents, report: Report): void {
    const { versions, switches } = contents
    const made = switches.slice(this.#switches)
    const numbers = switches.map(({ number }) => number)
    if (numbers.some((number, index) => number !== index + 1)) report(`the switches have the numbers ${numbers.join()}`)
    if (switches.length < this.#switches) report(`${this.#switches} switches were made, ${switches.length} are told`)
    for (const one of made) this.#exchange(one, contents, report)
    this.#switches = switches.length

    const live = versions.filter(({ isLive }) => isLive).map(({ row }) => row.version)
    if (live.join() !== this.#live) report(`the live versions are [${live.join()}], where ${this.#live} is due`)
    this.#notice(contents)
  }

  #exchange(made: VersionContents['switches'][number], { input, versions }: VersionContents, report: Report): void {
    const { from, to, outputs, place } = made
    if (from !== this.#live) report(`a switch from ${from} was made while ${this.#live} was live`)
    if (!this.#counts.has(to)) report(`a switch to ${to} was made, which nobody knows`)
    const own = this.ownOf(to)
    if (outputs === 'replace') {
      if (own.base !== undefined) report(`${to} has replaced topics by its own, which lack what came before`)
      this.#own.set(from, { written: this.#written })
      this.#written = own.written
    } else {
      const base = { written: this.#written, end: place }
      const correction = outputs === 'correct' ? this.#correct(made, own, base, input, report) : undefined
      this.#written = continued(this.#written, place, to, correction?.appended)
      this.#own.set(from, { written: continued([], place, from, correction?.overwritten), base })
      checkLeft(made, versions, report)
    }
    this.#own.delete(to)
    this.#left.add(from)
    this.#left.delete(to)
    this.#live = to
  }

  #correct(
    { to, number, corrections }: VersionContents['switches'][number],
    own: Own,
    live: Work,
    input: Input,
    report: Report,
  ): Correction {
    const parts = [...(own.base === undefined ? [] : [own.base]), { written: own.written, end: live.end }]
    const coming = parts.map((part) => this.#outputsOf(part, input)).reduce(joined)
    const correction = correctionOf(this.#outputsOf(live, input), coming, number)
    const told = Object.fromEntries(corrections?.map(({ topic, keys }) => [topic, keys]) ?? [])
    for (const [topic, keys] of Object.entries(correction.keys)) {
      if (told[topic] !== keys)
        report(`A3 switch ${number} to ${to} has corrected ${told[topic]} keys of ${topic}, where ${keys} are due`)
    }
    return correction
  }

  #outputsOf({ written, end }: Work, input: Input): Outputs {
    return outputsAt(written, (by) => this.countsOf(by), input, end)
  }

  /** Versions come and go. */
  #notice({ input, versions }: VersionContents): void {
    for (const { isLive, row } of versions) {
      const { replay, version } = row
      if (isLive || this.#counts.has(version) || replay?.isCopying === true) continue
      const ends = replay?.bases?.['results']?.ends
      if (ends === undefined) {
        this.#counts.set(version, courseOf(version, laneCount))
        this.#own.set(version, { written: courseOf(version, laneCount) })
      } else {
        const end = ends.map((offset, lane) => offset - this.#appendedTo(lane))
        const answersFrom = askedAt(input, replay?.bases?.['answers']?.ends ?? [])
        this.#counts.set(version, continued(this.countsOf(this.#live), end, version))
        const written = [{ by: version, from: end, answersFrom }]
        this.#own.set(version, { written, base: { written: this.#written, end } })
      }
    }
    const there = new Set(versions.map(({ row }) => row.version))
    for (const version of this.#counts.keys()) {
      if (there.has(version)) continue
      // Results of one that is gone may be in the topics of others: its course stays.
      if (!this.#written.some(({ by }) => by === version) && !this.#isInOthers(version)) this.#counts.delete(version)
      this.#own.delete(version)
      this.#left.delete(version)
    }
  }

  #isInOthers(version: string): boolean {
    return [...this.#own.values()].some(({ written, base }) =>
      [...written, ...(base?.written ?? [])].some(({ by }) => by === version),
    )
  }

  /** How many records of the live topic switches have appended. */
  #appendedTo(lane: number): number {
    return this.#written.reduce((count, { appended }) => count + (appended?.results[lane]?.length ?? 0), 0)
  }
}

/** In topics that stay, the one goes on where the other has left. */
function checkLeft(
  { from, to, place }: VersionContents['switches'][number],
  versions: readonly KeptVersion[],
  report: Report,
): void {
  const left = versions.find(({ row }) => row.version === from)
  // One that has been replayed since has gone on.
  if (left?.row.retired === 'superseded' && left.place.join() !== place.join())
    report(`${from} has left at ${left.place.join()}, and ${to} goes on at ${place.join()}`)
}
