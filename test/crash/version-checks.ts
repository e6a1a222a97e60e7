// What must hold of an application and its versions at any moment, whoever was killed. Nothing here knows how a switch or a comparison is
// done: stores and outputs are recomputed from the input.
import type { KeptVersion, VersionContents, WrittenTopics } from './version-contents.ts'
import type { VersionHistory } from './version-history.ts'
import { type Course, type Input, outputsAt, type Outputs, type Place, stateAt } from './version-model.ts'

type Report = (violation: string) => void

export function checkVersions(contents: VersionContents, history: VersionHistory, acked: number, report: Report): void {
  history.take(contents, report)
  checkInput(contents.input, acked, report)
  const names = contents.versions.map(({ row }) => row.version)
  if (new Set(names).size < names.length) report(`there are the versions ${names.join()}`)
  for (const topic of contents.strayTopics) report(`topic ${topic} belongs to no version that stands beside`)
  for (const version of contents.versions) {
    if (version.row.replay?.isCopying === true) continue
    const { written } = version.isLive ? history : history.ownOf(version.row.version)
    const work = { written, counts: (one: string) => history.countsOf(one), asks: history.asks }
    compareVersion(version, contents.input, work, report)
  }
}

/** Everything that was acknowledged is there once, in its order (A1, A3). */
function checkInput(input: Input, acked: number, report: Report): void {
  const numbers = input.flat().toSorted((a, b) => a - b)
  const wrong = numbers.findIndex((n, index) => n !== index)
  if (wrong >= 0) report(`A3 the input has ${numbers[wrong]} where ${wrong} is due`)
  if (numbers.length < acked) report(`A1 ${acked} records were acknowledged, ${numbers.length} are there`)
}

/**
 * Stores and outputs are what the input makes of them.
 *
 * @param work who wrote the topics of the version, whose code has counted what is in the stores of each, and whether it asks
 */
export function compareVersion(
  { row, isLive, place, sums, rests, topics }: KeptVersion,
  input: Input,
  work: { readonly written: Course; readonly counts: (version: string) => Course; readonly asks: boolean },
  report: Report,
): void {
  const { version } = row
  const state = stateAt(work.counts(version), input, place)
  compareRows(`A4 ${version}: store sums`, sums, state.sums, report)
  compareRows(`A4 ${version}: store rests`, rests, state.rests, report)
  const outputs = outputsAt(work.written, work.counts, input, place)
  const due = work.asks ? outputs : { ...outputs, answers: outputs.answers.map(() => []) }
  compareTopics(`A3 ${version}${isLive ? ' (live)' : ''}`, topics, due, report)
}

function compareRows(
  what: string,
  found: ReadonlyMap<string, string>,
  due: ReadonlyMap<string, unknown>,
  report: Report,
): void {
  for (const key of new Set([...found.keys(), ...due.keys()])) {
    const [is, should] = [found.get(key), JSON.stringify(due.get(key))]
    if (is !== should) report(`${what} has ${is} for ${key}, where ${should} is due`)
  }
}

function compareTopics(what: string, { results, answers, rests }: WrittenTopics, due: Outputs, report: Report): void {
  for (const [lane, lines] of due.results.entries()) {
    const ordered = (list: readonly string[] = []): readonly string[] => inOrder(list, due.appended[lane])
    compareLines(`${what}: results[${lane}]`, ordered(results?.[lane]), ordered(lines), report)
  }
  for (const [key, lines] of due.rests) compareLines(`${what}: rests of ${key}`, rests?.get(key), lines, report)
  // An answer may still be on its way.
  for (const [lane, lines] of due.answers.entries()) {
    const found = answers?.[lane] ?? []
    compareLines(
      `${what}: answers[${lane}]`,
      found,
      lines.slice(0, Math.max(found.length, lines.length - answersMax)),
      report,
    )
  }
}

/** What a switch has appended, by keys that come in any order. */
function inOrder(lines: readonly string[], appended: Outputs['appended'][number] = []): readonly string[] {
  const ordered = [...lines]
  for (const [from, to] of appended) {
    const list = ordered.slice(from, to).toSorted()
    ordered.splice(from, list.length, ...list)
  }
  return ordered
}

/** No more calls than this are pending in a task. */
const answersMax = 100

function compareLines(what: string, found: readonly string[] = [], due: readonly string[], report: Report): void {
  const length = Math.max(found.length, due.length)
  for (let index = 0; index < length; index++) {
    if (found[index] === due[index]) continue
    return report(
      `${what} has "${found[index]}" at ${index} of ${found.length}, where "${due[index]}" of ${due.length} is due`,
    )
  }
}

/** Times of records, by partition. */
export type Times = readonly (readonly number[])[]

/** Where a group goes on that had read up to a place in one topic, and reads another now: by the time of its next record. */
export function movedPlace(before: Place, old: Times, next: Times): Place {
  return before.map((offset, lane) => {
    const times = next[lane] ?? []
    const time = old[lane]?.[offset]
    const at = time === undefined ? -1 : times.findIndex((one) => one >= time)
    return at < 0 ? times.length : at
  })
}
