// What is known of an application from its switches: whose work is in which stores and topics. It is brought up to date with each look at
// the log, and says what must not be so.
import type { KeptVersion, VersionContents } from './version-contents.ts'
import { askedAt, continued, type Course, courseOf, type Part } from './version-model.ts'
import { laneCount } from './versioned.ts'

type Report = (violation: string) => void

export class VersionHistory {
  /** By version: whose code has counted what is in its stores. */
  readonly #counts = new Map<string, Course>()
  /** Who wrote the topics of the live version. */
  #written: Course
  /** By version: who wrote its own topics; undefined: what came before them is in the topics of another version. */
  readonly #own = new Map<string, Course | undefined>()
  /** Of those whose own topics hold only a part: where that begins. */
  readonly #begun = new Map<string, Omit<Part, 'by'>>()
  /** Those that were live and have not been since. */
  readonly #left = new Set<string>()
  #live: string
  #switches = 0

  constructor(first: string) {
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
  ownOf(version: string): { readonly written: Course } {
    const begun = this.#begun.get(version) ?? { from: Array.from({ length: laneCount }, () => 0) }
    return { written: this.#own.get(version) ?? [{ by: version, ...begun }] }
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
    for (const one of made) this.#exchange(one, versions, report)
    this.#switches = switches.length

    const live = versions.filter(({ isLive }) => isLive).map(({ row }) => row.version)
    if (live.join() !== this.#live) report(`the live versions are [${live.join()}], where ${this.#live} is due`)
    this.#notice(contents)
  }

  #exchange(
    { from, to, outputs, place }: VersionContents['switches'][number],
    versions: readonly KeptVersion[],
    report: Report,
  ): void {
    if (from !== this.#live) report(`a switch from ${from} was made while ${this.#live} was live`)
    if (!this.#counts.has(to)) report(`a switch to ${to} was made, which nobody knows`)
    const own = this.#own.get(to)
    if (outputs === 'replace') {
      if (own === undefined) report(`${to} has replaced topics by its own, which lack what came before`)
      this.#own.set(from, this.#written)
      this.#begun.delete(from)
      this.#written = own ?? this.#written
    } else {
      this.#written = continued(this.#written, place, to)
      this.#own.set(from, undefined)
      this.#begun.set(from, { from: place })
      const left = versions.find(({ row }) => row.version === from)
      // One that has been replayed since has gone on.
      if (left?.row.retired === 'superseded' && left.place.join() !== place.join())
        report(`${from} has left at ${left.place.join()}, and ${to} goes on at ${place.join()}`)
    }
    this.#own.delete(to)
    this.#begun.delete(to)
    this.#left.add(from)
    this.#left.delete(to)
    this.#live = to
  }

  /** Versions come and go. */
  #notice({ input, versions }: VersionContents): void {
    for (const { isLive, row } of versions) {
      const { replay, version } = row
      if (isLive || this.#counts.has(version) || replay?.isCopying === true) continue
      const ends = replay?.bases?.['results']?.ends
      const answersEnds = replay?.bases?.['answers']?.ends ?? []
      if (ends === undefined) {
        this.#counts.set(version, courseOf(version, laneCount))
        this.#own.set(version, courseOf(version, laneCount))
      } else {
        this.#counts.set(version, continued(this.countsOf(this.#live), ends, version))
        this.#own.set(version, undefined)
        this.#begun.set(version, { from: ends, answersFrom: askedAt(input, answersEnds) })
      }
    }
    const there = new Set(versions.map(({ row }) => row.version))
    for (const version of this.#counts.keys()) {
      if (there.has(version)) continue
      // Results of one that is gone may be in the topics of others: its course stays.
      if (!this.#written.some(({ by }) => by === version) && !this.#isInOthers(version)) this.#counts.delete(version)
      this.#own.delete(version)
      this.#begun.delete(version)
      this.#left.delete(version)
    }
  }

  #isInOthers(version: string): boolean {
    return [...this.#own.values()].some((course) => course?.some(({ by }) => by === version) === true)
  }
}
