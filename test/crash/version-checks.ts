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
    compareVersion(version, contents.input, { written, counts: (one) => history.countsOf(one) }, report)
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
 * @param work who wrote the topics of the version, and whose code has counted what is in the stores of each
 */
export function compareVersion(
  { row, isLive, place, sums, rests, topics }: KeptVersion,
  input: Input,
  work: { readonly written: Course; readonly counts: (version: string) => Course },
  report: Report,
): void {
  const { version } = row
  const state = stateAt(work.counts(version), input, place)
  compareRows(`A4 ${version}: store sums`, sums, state.sums, report)
  compareRows(`A4 ${version}: store rests`, rests, state.rests, report)
  const outputs = outputsAt(work.written, work.counts, input, place)
  compareTopics(`A3 ${version}${isLive ? ' (live)' : ''}`, topics, outputs, report)
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
  for (const [lane, lines] of due.results.entries())
    compareLines(`${what}: results[${lane}]`, results?.[lane], lines, report)
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

/** Where a group goes on that had read up to a place in what one course wrote, and reads another now: by the time of its next record. */
export function movedPlace(
  input: Input,
  before: Place,
  oldEnd: Place,
  newEnd: Place,
  timeOf: (n: number) => number,
): Place {
  return before.map((offset, lane) => {
    const numbers = input[lane] ?? []
    const end = newEnd[lane] ?? 0
    if (offset >= (oldEnd[lane] ?? 0)) return end
    const time = timeOf(numbers[offset] ?? 0)
    const at = numbers.findIndex((n) => timeOf(n) >= time)
    return Math.min(at, end)
  })
}
