/**
 * Samples the log once a second, for everyone who watches: what is live is read once, whatever the number of pages that
 * show it. Without any it samples now and then, so that the charts have a past when one is opened.
 */
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../log/face.ts'
import { applicationParts } from './application-parts.ts'
import { lettersOf } from './letter-parts.ts'
import { Additions, History, Rates, slotMs } from './history.ts'
import { replayView } from './replay-parts.ts'
import { ifThere } from './if-there.ts'
import { coarse } from './position-view.ts'
import { sizesInSlices } from './topic-sizes.ts'
import { troublesOf } from './troubles.ts'
import { Slices } from './slices.ts'
import { type Lag, type Memory, positionsMax } from './watch-memory.ts'
import { sum } from '../inspect/counts.ts'
import { oldSnapshotOf } from '../inspect/old-snapshot.ts'
import type {
  FigureName,
  GroupView,
  HistoryView,
  LogView,
  PartName,
  Series,
  TopicView,
  Trouble,
  VersionView,
} from './views.ts'

const watchedMs = 1_000
const unwatchedMs = 5_000
/** The pause after a sample is at least this many times as long: the process may be that of an application. */
const sparing = 40
/** Less often than this it is not live; a page takes a connection for dead that says nothing for longer. */
const seldomMs = 5_000

const historyOfPart = 'history/'

/** What is known of the log, by name. */
type Sample = ReadonlyMap<PartName, unknown>

/** Takes what the watch saw, as JSON. */
export type Watcher = (change: Change) => void

/** What changed from one sample to the next, each part as JSON. */
export interface Change {
  readonly atMs: number
  readonly parts: ReadonlyMap<PartName, string>
  readonly gone: readonly PartName[]
}

export class Watch {
  readonly #log: Log
  readonly #clock: Clock
  readonly #memory: Memory = {
    rates: new Rates(),
    instanceRates: new Rates(),
    failures: new Additions(),
    history: new History(),
    partitions: new History(),
  }
  readonly #watchers = new Set<Watcher>()
  #now: Change = { atMs: 0, parts: new Map(), gone: [] }
  #cancel: () => void = () => undefined
  #isClosed = false
  /** How long the last sample took. */
  #tookMs = 0
  #sampledMs = 0
  /** The sample that is under way. */
  #sampling: Promise<void> | undefined

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Everything as it was last seen: the same object until it is looked at again. */
  get now(): Change {
    return this.#now
  }

  /** The lag of a group in a partition, over time. */
  lagsOf(group: string, topic: string, partition: number): Series {
    return this.#memory.partitions.series(partitionName(group, topic, partition))
  }

  /** Samples for the first time, and goes on until it is closed. */
  async start(): Promise<void> {
    await this.#go()
  }

  /** Tells of every change from now on, until the returned function is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    if (this.#watchers.size === 1) void this.#go()
    return () => this.#watchers.delete(watcher)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#sampling
  }

  /** Samples now, and again when it is time. */
  async #go(): Promise<void> {
    this.#cancel()
    await this.sample()
    this.#cancel()
    if (this.#isClosed) return
    const usualMs = this.#watchers.size > 0 ? watchedMs : unwatchedMs
    const delayMs = Math.max(usualMs, this.#soonestMs)
    this.#cancel = this.#clock.schedule(delayMs, () => void this.#go(), 'background')
  }

  get #soonestMs(): number {
    return Math.max(watchedMs, Math.min(seldomMs, this.#tookMs * sparing))
  }

  /** Samples where the last sample is as old as one gets while someone watches: for those who ask at any rate. */
  async sampleIfDue(): Promise<void> {
    if (this.#clock.elapsed() - this.#sampledMs >= this.#soonestMs) await this.sample()
  }

  /** Samples now; one that is under way already does. */
  async sample(): Promise<void> {
    this.#sampling ??= this.#update().finally(() => {
      this.#sampling = undefined
    })
    await this.#sampling
  }

  async #update(): Promise<void> {
    const startMs = this.#clock.elapsed()
    const before = this.#now.parts
    const seen = await this.#see(before)
    const parts = new Map<PartName, string>()
    const changed = new Map<PartName, string>()
    for (const [name, part] of seen) {
      const text = JSON.stringify(part)
      parts.set(name, text)
      if (before.get(name) !== text) changed.set(name, text)
    }
    // What is known over time changes with each slot only, and is not made again in between.
    for (const [name, text] of before) {
      const isKept = name.startsWith(historyOfPart) && parts.has(name.slice(historyOfPart.length) as PartName)
      if (isKept && !parts.has(name)) parts.set(name, text)
    }
    const gone = [...before.keys()].filter((name) => !parts.has(name))
    this.#sampledMs = this.#clock.elapsed()
    this.#tookMs = this.#sampledMs - startMs
    const atMs = this.#clock.now()
    this.#now = { atMs, parts, gone: [] }
    const change: Change = { atMs, parts: changed, gone }
    for (const watcher of this.#watchers) watcher(change)
  }

  /** Of a log that cannot be read too: then it says why, beside what was seen last. */
  async #see(before: Change['parts']): Promise<Sample> {
    try {
      return await sampleOf(this.#log, this.#clock, this.#memory, before)
    } catch (error) {
      const known = [...before].map(([name, text]) => [name, JSON.parse(text) as unknown] as const)
      const trouble: Trouble = {
        level: 'broken',
        at: '/',
        what: `The log cannot be read: ${messageOf(error)}`,
        advice: 'What you see is from before. "millrace doctor" says more.',
      }
      return new Map<PartName, unknown>([...known, ['troubles', [trouble]]])
    }
  }
}

async function sampleOf(
  log: Log,
  clock: Clock,
  memory: Memory,
  before: ReadonlyMap<PartName, string>,
): Promise<Sample> {
  const elapsedMs = clock.elapsed()
  const isNewSlot = memory.history.moveTo(elapsedMs)
  memory.partitions.moveTo(elapsedMs)
  const parts = new Map<PartName, unknown>()
  const versions: VersionView[] = []
  /** Of groups that are applications: it is not looked for twice. */
  const lags = new Map<string, Lag>()
  const slices = new Slices(clock, Number.POSITIVE_INFINITY)
  for await (const found of log.admin.describeApplications()) {
    const { applicationId } = found
    const seen = applicationParts(found, memory, elapsedMs)
    await slices.next()
    const replay = replayView(log, found, memory.rates, elapsedMs)
    if (replay !== undefined) parts.set(`replay/${applicationId}/${found.version}`, replay)
    versions.push(seen.version)
    lags.set(seen.readsAs, seen.lag)
    for (const { topic, partition, lag } of seen.positions) {
      memory.partitions.note(partitionName(seen.readsAs, topic, partition), lag)
    }
    await slices.next()
    for (const [name, part] of seen.parts) parts.set(name, part)
  }
  const topics = await topicsOf(log, memory.rates, elapsedMs, slices)
  for (const topic of topics) parts.set(`topic/${topic.name}`, topic)
  const letters = await lettersOf(log, new Set(versions.map((one) => one.applicationId)), topics, slices)
  for (const one of letters) parts.set(`letters/${one.applicationId}`, one)
  const groups = await groupsOf(log, lags, memory.partitions, slices)
  for (const group of groups) parts.set(`group/${group.name}`, group)
  const file = await fileOf(log)
  const haveLetters = new Set(letters.map(({ applicationId }) => applicationId))
  parts.set('log', file)
  parts.set('troubles', troublesOf({ versions, groups, file, haveLetters }))
  noteFigures(memory, elapsedMs, { versions, topics, groups, file })
  const named = [...parts.keys()].filter((name) => /^(?:(?:application|topic|group)\/|log$)/.test(name))
  for (const name of named) {
    const key = `${historyOfPart}${name}` as const
    if (isNewSlot || !before.has(key)) parts.set(key, historyOf(memory.history, name))
  }
  memory.failures.looked(elapsedMs - 60_000)
  memory.rates.forget(elapsedMs - 60_000)
  memory.instanceRates.forget(clock.now() - 60_000)
  return parts
}

interface Figured {
  readonly versions: readonly VersionView[]
  readonly topics: readonly TopicView[]
  readonly groups: readonly GroupView[]
  readonly file: LogView
}

function noteFigures({ history, rates }: Memory, elapsedMs: number, { versions, topics, groups, file }: Figured): void {
  const note = (name: PartName, figures: Readonly<Partial<Record<FigureName, number | null>>>): void => {
    for (const [figure, value] of Object.entries(figures)) history.note(`${figure} ${name}`, value)
  }
  const passedOver = versions.map(({ applicationId, version, rate, lag, lagMs, dropped, failed }) => {
    const name = `application/${applicationId}/${version}` as const
    const passed = rates.of(`passed over ${name}`, dropped + failed, elapsedMs)
    note(name, { rate, lag, lagMs, passedOver: passed })
    return passed
  })
  for (const { name, rate } of topics) note(`topic/${name}`, { rate })
  for (const { name, lag, lagMs } of groups) note(`group/${name}`, { lag, lagMs })
  const isKnown = (figure: number | null): figure is number => figure !== null
  const sumKnown = (figures: readonly (number | null)[]): number | null =>
    figures.some(isKnown) ? sum(figures.filter(isKnown), (figure) => figure) : null
  note('log', {
    rate: sumKnown(versions.map(({ rate }) => rate)),
    passedOver: sumKnown(passedOver),
    lagMs: [...versions, ...groups].reduce((most, one) => Math.max(most, one.lagMs), 0),
    usedBytes: file.usedBytes,
  })
}

const figureNames: readonly FigureName[] = ['rate', 'passedOver', 'lag', 'lagMs', 'usedBytes']

function historyOf(history: History, name: PartName): HistoryView {
  const known = figureNames.map((figure) => [figure, history.series(`${figure} ${name}`)] as const)
  return { everyMs: slotMs, series: Object.fromEntries(known.filter(([, series]) => series.length > 0)) }
}

function partitionName(group: string, topic: string, partition: number): string {
  return `${topic}/${partition} ${group}`
}

async function topicsOf({ admin }: Log, rates: Rates, elapsedMs: number, slices: Slices): Promise<TopicView[]> {
  const { sizes } = await sizesInSlices(admin, await admin.listTopics(), slices)
  return sizes.map(({ topic, records, bytes, partitions }) => {
    const ends = sum(partitions, ({ endOffset }) => endOffset)
    const last = partitions.reduce((most, { lastAppendMs }) => Math.max(most, lastAppendMs ?? -1), -1)
    return {
      name: topic,
      partitions: partitions.length,
      records,
      bytes,
      rate: rates.of(`topic/${topic}`, ends, elapsedMs),
      lastAppendMs: last < 0 ? null : last,
    }
  })
}

async function groupsOf(
  { admin }: Log,
  known: ReadonlyMap<string, Lag>,
  history: History,
  slices: Slices,
): Promise<GroupView[]> {
  const groups: GroupView[] = []
  for (const { name, kind, state, members } of await admin.groups()) {
    const lag = known.get(name) ?? (await ifThere(lagOf(admin, name, history)))
    if (lag !== undefined) groups.push({ name, kind, state, members, ...lag })
    await slices.next()
  }
  return groups
}

async function lagOf(admin: Log['admin'], name: string, history: History): Promise<Lag> {
  const lags = await admin.lag(name)
  for (const { topic, partition, records } of lags.slice(0, positionsMax)) {
    history.note(partitionName(name, topic, partition), records)
  }
  const lagMs = lags.reduce((most, { ageMs }) => Math.max(most, ageMs), 0)
  return { lag: sum(lags, ({ records }) => records), lagMs: coarse(lagMs) }
}

async function fileOf({ admin }: Log): Promise<LogView> {
  const { fileBytes, usedBytes, freeBytes, readers } = await admin.stats()
  const users = new Set(readers.map(({ pid }) => pid)).size
  return { fileBytes, usedBytes, freeBytes, users, oldSnapshot: oldSnapshotOf(readers) ?? null }
}
