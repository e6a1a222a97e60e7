// The invariant checker: what a log directory holds against what the seed and the naive model say it must hold.
//
// A1 no acknowledged input is missing. A2 offsets are dense. A3 each input counts exactly once. A4 positions, state and
// outputs stand at the same place. A5, A6 what a reader saw stays. A7 a prefix is there whole or not at all. R14 nobody
// writes after a newer instance has started.
import { namesBeside } from './beside-model.ts'
import { Chain, type Contents, decodable, decodedLine, type Kept, type Partitions } from './contents.ts'
import { type InputRecord, inputOf, isMalformed, type Plan, prefixEndsOf } from './input.ts'
import { lineOf, Model, partitionCounts, partitionFor, placed, type PlacedRecord, sequenceOf } from './model.ts'
import { deadLetters, place, retentionMs, type Step, trace, windowMs } from './topics.ts'

/** How far a reader had read a partition, and what it saw up to there. */
export interface SeenMark {
  readonly topic: string
  readonly partition: number
  readonly end: number
  readonly digest: string
}

/** What is known from outside. */
export interface Expected {
  readonly plan: Plan
  /** Input records whose importer got its acknowledgement. */
  readonly acked: number
  /** Whether an importer may be at work while the directory is read. */
  readonly importing: boolean
  readonly seen: readonly SeenMark[]
  /** Runs of the counter that a newer one took over from, and the steps that they had left in the trace by then. */
  readonly fenced: readonly { readonly run: number; readonly steps: number }[]
}

export interface Verdict {
  readonly violations: readonly string[]
  /** Input records in the log. */
  readonly imported: number
  /** Input records that the counter has committed; 0 where its topics were not read. */
  readonly consumed: number
  /** Where the partitions end, by `topic partition`. */
  readonly ends: Readonly<Record<string, number>>
}

export function check(contents: Contents, expected: Expected): Verdict {
  const violations: string[] = []
  const report = (violation: string): number => violations.push(violation)
  const { topics, kept } = contents
  const input = placed(inputOf(expected.plan))

  checkOffsets(topics, report)
  const imported = checkInput(topics, input, expected, report)
  checkSeen(topics, expected.seen, report)
  const done = topics.get(trace.name)
  const ends = Object.fromEntries(
    [...topics].flatMap(([name, partitions]) =>
      partitions.map((records, partition) => [`${name} ${partition}`, records.length] as const),
    ),
  )
  if (done === undefined) return { violations, imported, consumed: 0, ends }

  const steps = decoded<Step>(done, trace.name).flat()
  checkRuns(steps, expected.fenced, report)
  const sequence = steps.flatMap(({ n }) => input[n] ?? [])
  const dead = deadOf(topics.get(deadLetters.name) ?? [], input)
  const consumed = checkConsumed(sequence, dead, input.slice(0, imported), report)
  if (expected.plan.mode === 'complete') checkOrder(sequence, dead, input, report)
  const model = new Model(sequence)
  for (const [name, lines] of Object.entries(model.outputs)) {
    compareLines(`A3 ${name}`, linesOf(topics.get(name) ?? [], name), lines, report)
  }
  checkBeside(topics, model, report)
  if (kept !== undefined) checkKept(kept, topics, model, [...sequence, ...dead], report)
  return { violations, imported, consumed, ends }
}

type Report = (violation: string) => void

function decoded<V>(partitions: Partitions, name: string): V[][] {
  const { value } = decodable.get(name) as { value: { decode(bytes: Uint8Array): unknown } }
  return partitions.map((records) => records.map((record) => value.decode(record.value ?? new Uint8Array()) as V))
}

function linesOf(partitions: Partitions, name: string): string[][] {
  const topic = decodable.get(name)
  if (topic === undefined) throw new Error(`nobody knows how to decode ${name}`)
  return partitions.map((records) => records.map((record) => decodedLine(topic, record)))
}

export function checkOffsets(topics: ReadonlyMap<string, Partitions>, report: Report): void {
  for (const [name, partitions] of topics) {
    for (const [partition, records] of partitions.entries()) {
      const wrong = records.findIndex(({ offset }, index) => offset !== index)
      if (wrong >= 0) report(`A2 ${name}[${partition}]: offset ${records[wrong]?.offset} where ${wrong} is due`)
    }
  }
}

/** Returns how many input records are there. */
function checkInput(
  topics: ReadonlyMap<string, Partitions>,
  input: readonly PlacedRecord[],
  { plan, acked, importing }: Expected,
  report: Report,
): number {
  const ends = prefixEndsOf(plan)
  const places = decoded<number>(topics.get(place.name) ?? [[]], place.name)[0] ?? []
  const wrong = places.findIndex((end, index) => end !== ends[index + 1])
  if (wrong >= 0) report(`A7 place[0]: ${places[wrong]} at offset ${wrong}, where ${ends[wrong + 1]} is due`)
  const at = places.at(-1) ?? 0
  if (at < acked) report(`A1 acknowledged up to ${acked}, but the importer's place is ${at}`)
  let imported = at
  for (const name of ['orders', 'returns'] as const) {
    const partitions = topics.get(name) ?? []
    const found = Array.from({ length: partitionCounts[name] }, (_, index) => partitions[index]?.length ?? 0).join()
    const end = lengthsAfter(ends, input, name).find((prefix) => prefix.end >= at && prefix.lengths === found)?.end
    if (end === undefined || (!importing && end !== at)) {
      report(`A7 ${name}: ${found} records are no whole prefix at or behind ${at}`)
    }
    imported = Math.max(imported, end ?? at)
    const due = Array.from({ length: partitionCounts[name] }, (): string[] => [])
    for (const record of input.slice(0, end ?? at))
      if (record.topic === name) due[record.partition]?.push(lineOfInput(record))
    compareLines(`A1 ${name}`, linesOf(partitions, name), due, report)
  }
  return imported
}

function lineOfInput({ timestamp, key, value }: InputRecord): string {
  return lineOf(timestamp, key, value)
}

/** How long the partitions of a topic are after each prefix. */
export function lengthsAfter(
  ends: readonly number[],
  input: readonly PlacedRecord[],
  name: 'orders' | 'returns',
): readonly { readonly end: number; readonly lengths: string }[] {
  const lengths = Array.from({ length: partitionCounts[name] }, () => 0)
  let from = 0
  return ends.map((end) => {
    for (const { topic, partition } of input.slice(from, end))
      if (topic === name) lengths[partition] = (lengths[partition] ?? 0) + 1
    from = end
    return { end, lengths: lengths.join() }
  })
}

export function checkSeen(topics: ReadonlyMap<string, Partitions>, seen: readonly SeenMark[], report: Report): void {
  for (const [name, partitions] of topics) {
    for (const [partition, records] of partitions.entries()) {
      const marks = seen.filter((mark) => mark.topic === name && mark.partition === partition)
      if (marks.length === 0) continue
      const chain = new Chain()
      const digests = [chain.digest()]
      const ends = new Set(marks.map(({ end }) => end))
      for (const [index, record] of records.entries()) {
        chain.add(record)
        if (ends.has(index + 1)) digests[index + 1] = chain.digest()
      }
      for (const { end, digest } of marks) {
        if (end > records.length)
          report(`A5 ${name}[${partition}]: a reader saw ${end} records, ${records.length} are there`)
        else if (digests[end] !== digest)
          report(`A6 ${name}[${partition}]: other records than a reader saw, before offset ${end}`)
      }
    }
  }
}

/** The steps of a run stand together, and a run that was taken over from leaves no more of them. */
function checkRuns(steps: readonly Step[], fenced: Expected['fenced'], report: Report): void {
  const counts = new Map<number, number>()
  for (const [index, { run }] of steps.entries()) {
    if (counts.has(run) && steps[index - 1]?.run !== run) {
      report(`R14 trace[0]: run ${run} goes on at offset ${index}, after run ${steps[index - 1]?.run}`)
    }
    counts.set(run, (counts.get(run) ?? 0) + 1)
  }
  for (const { run, steps: due } of fenced) {
    const found = counts.get(run) ?? 0
    if (found !== due) report(`R14 run ${run} was taken over from after ${due} steps, but has left ${found}`)
  }
}

function deadOf(partitions: Partitions, input: readonly PlacedRecord[]): PlacedRecord[] {
  return partitions.flat().flatMap(({ headers }) => {
    const header = (name: string): string =>
      Buffer.from(headers.find(({ key }) => key === `millrace.${name}`)?.value ?? []).toString()
    const origin = `${header('topic')} ${header('partition')} ${header('offset')}`
    return input.find(({ topic, partition, offset }) => `${topic} ${partition} ${offset}` === origin) ?? []
  })
}

/** Every partition is worked on from its first record on, each record once; the malformed ones are dead letters. */
function checkConsumed(
  sequence: readonly PlacedRecord[],
  dead: readonly PlacedRecord[],
  imported: readonly PlacedRecord[],
  report: Report,
): number {
  const lanes = new Map<string, number[]>()
  const take = (record: PlacedRecord, malformed: boolean): void => {
    const lane = `${record.topic}[${record.partition}]`
    const offsets = lanes.get(lane)
    if (offsets === undefined) lanes.set(lane, [record.offset])
    else if (!malformed && (offsets.at(-1) ?? -1) > record.offset)
      report(`A3 ${lane}: offset ${record.offset} comes too late`)
    offsets?.push(record.offset)
    if (isMalformed(record) !== malformed) report(`A3 ${lane}: offset ${record.offset} ended up in the wrong place`)
  }
  for (const record of sequence) take(record, false)
  for (const record of dead) take(record, true)
  const known = new Set(imported.map(({ topic, partition, offset }) => `${topic}[${partition}] ${offset}`))
  for (const [lane, offsets] of lanes) {
    const sorted = offsets.toSorted((a, b) => a - b)
    const wrong = sorted.findIndex((offset, index) => offset !== index)
    if (wrong >= 0) report(`A3 ${lane}: offset ${sorted[wrong]} is counted where ${wrong} is due`)
    const unknown = sorted.find((offset) => !known.has(`${lane} ${offset}`))
    if (unknown !== undefined) report(`A3 ${lane}: offset ${unknown} is counted and not in the log`)
  }
  return sequence.length + dead.length
}

/** Of an input that was complete before, exactly the first records of the one sequence are worked on. */
function checkOrder(
  sequence: readonly PlacedRecord[],
  dead: readonly PlacedRecord[],
  input: readonly PlacedRecord[],
  report: Report,
): void {
  const due = sequenceOf(input).slice(0, sequence.length + dead.length)
  const names = (records: readonly PlacedRecord[]): string[] => records.map(({ value }) => `order ${value.n}`)
  compareLines('A4 the sequence', [names(sequence)], [names(due.filter((record) => !isMalformed(record)))], report)
  compareLines('A4 dead letters', [names(dead)], [names(due.filter(isMalformed))], report)
}

function checkBeside(topics: ReadonlyMap<string, Partitions>, { beside }: Model, report: Report): void {
  for (const name of namesBeside) {
    const found = linesOf(topics.get(name) ?? [], name)
    // Calls that have not been answered yet wait, in the order of their records.
    const isBehind = name === 'answers'
    const due = beside.map(({ lines }, partition) =>
      isBehind ? lines[name].slice(0, found[partition]?.length ?? 0) : lines[name],
    )
    compareLines(`A3 ${name}`, found, due, report)
  }
}

function checkKept(
  { metrics, counts, totals, summary }: Kept,
  topics: ReadonlyMap<string, Partitions>,
  model: Model,
  consumed: readonly InputRecord[],
  report: Report,
): void {
  const same = (what: string, found: number | undefined, due: number): void => {
    if ((found ?? 0) !== due) report(`A4 ${what} is ${found ?? 0}, ${due} is due`)
  }
  for (const name of ['orders', 'returns']) {
    same(`consumed ${name}`, metrics.consumed[name], consumed.filter(({ topic }) => topic === name).length)
  }
  const written = namesBeside.filter((name) => name !== 'answers')
  for (const name of [trace.name, 'counts', 'totals', 'summary', ...written, deadLetters.name]) {
    same(`produced ${name}`, metrics.produced[name], (topics.get(name) ?? []).flat().length)
  }
  const failed = Object.values(metrics.failed).flatMap((reasons) => Object.values(reasons))
  same(
    'failed',
    failed.reduce((sum, one) => sum + one, 0),
    consumed.filter(isMalformed).length,
  )
  same('dropped as late', metrics.dropped['per-window']?.['late'], model.late)
  for (const [partition, time] of model.streamTimes.entries()) {
    if (time >= 0) same(`stream time ${partition}`, metrics.streamTimes[`per-window/${partition}`], time)
  }
  compareRows(
    'totals',
    totals,
    [...model.totals].map(([key, row]) => lineOf(row.timestamp, key, row.value)),
    report,
  )
  compareRows(
    'summary',
    summary,
    [...model.summary].map(([key, row]) => lineOf(row.timestamp, key, row.value)),
    report,
  )
  const windows = [...model.counts.values()].map(({ item, start, value, timestamp }) => ({
    line: lineOf(timestamp, { key: item, window: { start, end: start + windowMs } }, value),
    expired: start <= (model.streamTimes[partitionFor(item, model.streamTimes.length)] ?? 0) - retentionMs,
  }))
  const kept = new Set(counts)
  compareRows(
    'counts',
    counts,
    windows.filter(({ line, expired }) => !expired || kept.has(line)).map(({ line }) => line),
    report,
  )
}

function compareRows(store: string, found: readonly string[], due: readonly string[], report: Report): void {
  compareLines(`A4 store ${store}`, [found.toSorted()], [due.toSorted()], report)
}

function compareLines(
  what: string,
  found: readonly (readonly string[])[],
  due: readonly (readonly string[])[],
  report: Report,
): void {
  for (let partition = 0; partition < Math.max(found.length, due.length); partition++) {
    const has = found[partition] ?? []
    const wants = due[partition] ?? []
    const at = wants.findIndex((line, index) => line !== has[index])
    if (at < 0 && has.length === wants.length) continue
    const where = at < 0 ? wants.length : at
    report(
      `${what}[${partition}]: ${has.length} of ${wants.length}; at ${where} ${has[where] ?? 'nothing'} where ${wants[where] ?? 'nothing'} is due`,
    )
  }
}
