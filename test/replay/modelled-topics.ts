// What the topics of an application have to hold when its versions write into them one after the other: what was promised of each
// mode of a switch, said once more without any code of it.
import { present } from '../../src/core/assert.ts'
import { timeOf } from './lines.ts'
import type { ModelledVersion } from './modelled-version.ts'

/** What a version writes from one of its input records on, up to another; infinity: it goes on. */
interface Stretch {
  readonly version: number
  readonly from: number
  to: number
}

/** What a switch has appended. */
interface Corrections {
  readonly lines: readonly string[]
}

/** What a version had said when a correction took its place, as far as the topic shows it: a delete of nothing it does not. */
interface Left {
  readonly lines: readonly string[]
  /** Records of the input, from which on it says more. */
  readonly at: number
}

type Topics = Map<string, (Stretch | Corrections)[]>

const open = Number.POSITIVE_INFINITY

/** Where two versions were at a switch, in records of the input. */
export interface SwitchPlaces {
  readonly leaving: number
  readonly coming: number
}

export class ModelledTopics {
  readonly #versions: readonly ModelledVersion[]
  /** Under their names. */
  readonly #named: Topics = new Map()
  /** What each version has for itself, under hidden names. */
  readonly #own: readonly Topics[]
  /** By version and topic. */
  readonly #left: readonly Map<string, Left>[]
  /** What the topics held at each switch, before it. */
  readonly #before: ReadonlyMap<string, readonly string[]>[] = []

  constructor(versions: readonly ModelledVersion[]) {
    this.#versions = versions
    this.#own = versions.map(() => new Map())
    this.#left = versions.map(() => new Map())
  }

  /** A version writes from here on, as the live one or beside it. */
  writes(version: number, from: number, isLive: boolean): void {
    const topics = isLive ? this.#named : this.#ownOf(version)
    for (const { name } of this.#versions[version]?.outputs ?? []) {
      const stretches = topics.get(name) ?? []
      topics.set(name, stretches)
      const last = stretches.at(-1)
      if (isOpen(last, version)) continue
      stretches.push({ version, from, to: open })
    }
  }

  replaced(from: number, to: number, { leaving, coming }: SwitchPlaces): void {
    this.#end(from, leaving)
    for (const [name, stretches] of this.#ownOf(to)) {
      const old = this.#named.get(name)
      if (old === undefined) this.#ownOf(from).delete(name)
      else this.#ownOf(from).set(name, old)
      this.#named.set(name, stretches)
    }
    this.#ownOf(to).clear()
    stop(this.#named, to, coming)
    this.writes(to, coming, true)
  }

  continued(from: number, to: number, { leaving, coming }: SwitchPlaces): void {
    this.#end(from, leaving)
    this.#ownOf(to).clear()
    this.writes(to, coming, true)
  }

  /**
   * @param appended what follows these lines of a topic, in the order in which it was appended
   * @returns what has to be there
   */
  corrected(
    from: number,
    to: number,
    places: SwitchPlaces,
    number: number,
    appended: (name: string, count: number) => readonly string[],
  ): readonly { readonly appended: readonly string[]; readonly expected: readonly string[] }[] {
    this.#end(from, places.leaving)
    this.#ownOf(to).clear()
    const corrections = this.#version(to).outputs.flatMap(({ name }) => {
      const stretches = this.#named.get(name)
      if (stretches === undefined) return []
      const before = this.lines(name, open)
      const differences = differencesOf(before, this.#said(to, name, places.coming))
      const expected = differences.map(({ appended: line }) => marked(line, number))
      const lines = appended(name, before.length).slice(0, expected.length)
      const kept = differences.map(({ overwritten }) => overwritten)
      this.#left[from]?.set(name, { lines: [...before, ...kept], at: places.leaving })
      stretches.push({ lines })
      return [{ appended: lines.toSorted(), expected: expected.toSorted() }]
    })
    // A topic that only the new version has takes its name.
    for (const { name } of this.#version(to).outputs) {
      if (!this.#named.has(name)) this.#named.set(name, [{ version: to, from: 0, to: places.coming }])
    }
    this.writes(to, places.coming, true)
    return corrections
  }

  /** What a topic holds when everything that writes has processed this many records. */
  lines(name: string, count: number): readonly string[] {
    return this.#linesIn(this.#named, name, count)
  }

  /** @param reached how many records it has processed, if it writes beside the live one */
  ownLines(version: number, name: string, reached: number): readonly string[] {
    return (this.#ownOf(version).get(name) ?? []).flatMap((stretch) => {
      if ('lines' in stretch) return stretch.lines
      const to = stretch.to === open ? reached : stretch.to
      return this.#version(stretch.version).written(name, stretch.from, to)
    })
  }

  /** How often there was a switch. */
  get epoch(): number {
    return this.#before.length
  }

  /** What a topic holds at most between two switches. */
  linesIn(epoch: number, name: string, count: number): readonly string[] {
    return epoch === this.epoch ? this.lines(name, count) : (this.#before[epoch]?.get(name) ?? [])
  }

  get names(): readonly string[] {
    return [...this.#named.keys()]
  }

  ownNames(version: number): readonly string[] {
    return [...this.#ownOf(version).keys()]
  }

  #end(version: number, at: number): void {
    stop(this.#named, version, at)
    this.#before.push(new Map(this.names.map((name) => [name, this.lines(name, open)])))
  }

  #linesIn(topics: Topics, name: string, count: number): readonly string[] {
    return (topics.get(name) ?? []).flatMap((stretch) => {
      if ('lines' in stretch) return stretch.lines
      const { version, from, to } = stretch
      return this.#version(version).written(name, from, Math.min(to, count))
    })
  }

  /** What a version wants readers to have, up to a number of records. */
  #said(version: number, name: string, count: number): readonly string[] {
    const left = this.#left[version]?.get(name) ?? { lines: [], at: 0 }
    return [...left.lines, ...this.#version(version).written(name, left.at, count)]
  }

  #version(version: number): ModelledVersion {
    return present(this.#versions[version], 'there are two')
  }

  #ownOf(version: number): Topics {
    return present(this.#own[version], 'each version has topics')
  }
}

function stop(topics: Topics, version: number, at: number): void {
  for (const stretch of [...topics.values()].flat()) {
    if (isOpen(stretch, version)) stretch.to = at
  }
}

function isOpen(stretch: Stretch | Corrections | undefined, version: number): stretch is Stretch {
  return stretch !== undefined && 'version' in stretch && stretch.version === version && stretch.to === open
}

interface Difference {
  /** The newest line of the new version, or what deletes the one that is there. */
  readonly appended: string
  /** The newest line of the topic, or a delete where there is none. */
  readonly overwritten: string
}

/** Of each key that has a value on one side, and not the same line on the other. */
function differencesOf(before: readonly string[], coming: readonly string[]): readonly Difference[] {
  const [old, wanted] = [newestOf(before), newestOf(coming)]
  return [...new Set([...old.keys(), ...wanted.keys()])].flatMap((key) => {
    const [is, to] = [old.get(key), wanted.get(key)]
    if (is?.line === to?.line || (is?.value ?? to?.value ?? null) === null) return []
    return [{ appended: to?.line ?? deleteLike(key, is?.line), overwritten: is?.line ?? deleteLike(key, to?.line) }]
  })
}

function deleteLike(key: string, line = ''): string {
  return `${key}=null@${timeOf(line)} `
}

function marked(line: string, number: number): string {
  return `${line}${line.endsWith(' ') ? '' : ','}millrace-switch=${number}`
}

/** By key, without what says that a line was appended by a switch. */
function newestOf(
  lines: readonly string[],
): ReadonlyMap<string, { readonly line: string; readonly value: string | null }> {
  const newest = new Map<string, { readonly line: string; readonly value: string | null }>()
  for (const line of lines) {
    const [, key = '', value = ''] = /^(.*)=(null|-?\d+)@\d+ /.exec(line) ?? []
    const own = line.replace(/,?millrace-switch=\d+/, '')
    newest.set(key, { line: own, value: value === 'null' ? null : value })
  }
  return newest
}
