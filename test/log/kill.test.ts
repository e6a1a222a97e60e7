// A process that is killed at any moment loses nothing that it was told is durable, and leaves nothing half done.
import { setTimeout as after } from 'node:timers/promises'
import { expect, onTestFailed, test } from 'vitest'
import { nullable } from '../../src/core/serdes.ts'
import { topic } from '../../src/core/topic.ts'
import type { LogRecord } from '../../src/core/record.ts'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { Log } from '../../src/log/log.ts'
import { Environment } from '../../src/storage/environment.ts'
import { collect } from '../support/collect.ts'
import { type Program, startProgram } from '../support/program.ts'
import {
  applicationId,
  left,
  outputs,
  type Part,
  partsOf,
  randomFrom,
  right,
  rowKey,
  storeName,
} from '../support/rounds.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const kills = 15
const killsPerDirectory = 5

/** What programs said of one directory: places of the records of each round, and the rounds of commits. */
interface Told {
  readonly sent: Map<number, readonly string[]>
  readonly committed: Set<number>
}

function note(line: string, told: Told): void {
  const [what, round, ...places] = line.split(' ')
  if (what === 'sent') told.sent.set(Number(round), places)
  if (what === 'committed') told.committed.add(Number(round))
}

/** Lets a program work for a random while, and kills it. */
async function workAndKill(program: Program, told: Told, random: () => number): Promise<void> {
  const linesBefore = random() < 0.3 ? 0 : Math.floor(random() * 40)
  for (let i = 0; i < linesBefore; i++) note(await program.line(), told)
  await after(random() * (linesBefore === 0 ? 60 : 6))
  program.kill()
  for (const line of await program.restOfLines()) note(line, told)
  expect(await program.exited).toEqual({ code: null, signal: 'SIGKILL' })
}

/** Every record of a topic that may not exist yet; checks that offsets have no holes. */
async function recordsOf<K, V>(
  log: Log,
  name: string,
  records: () => AsyncIterable<LogRecord<K, V>>,
): Promise<LogRecord<K, V>[]> {
  const topics = await log.admin.listTopics()
  if (!topics.some((description) => description.name === name)) return []
  const read = await collect(records())
  for (const [partition, end] of (await log.admin.endOffsets(name)).entries()) {
    const offsets = read.filter((record) => record.partition === partition).map(({ offset }) => offset)
    expect(offsets, `offsets of ${name}[${partition}]`).toEqual(Array.from({ length: end }, (_, i) => i))
  }
  return read
}

/** Rounds whose records are in the log; checks that each is there as a whole, once, and where it was told to be. */
async function checkRounds(log: Log, told: Told): Promise<number> {
  const stored = new Map<number, Map<number, LogRecord<string, Part>>>()
  for (const each of [left, right]) {
    for (const record of await recordsOf(log, each.name, () => log.read(each))) {
      const { round, index } = record.value
      const parts = stored.get(round) ?? new Map<number, LogRecord<string, Part>>()
      expect(parts.has(index), `round ${round} has part ${index} once`).toBe(false)
      stored.set(round, parts.set(index, record))
    }
  }
  for (const [round, parts] of stored) {
    const inOrder = [...parts].sort(([a], [b]) => a - b).map(([, record]) => record)
    expect(
      inOrder.map(({ value }) => value),
      `all of round ${round}`,
    ).toEqual(partsOf(round))
    const places = inOrder.map(({ partition, offset }) => `${partition}:${offset}`)
    expect(told.sent.get(round) ?? places, `places of round ${round}`).toEqual(places)
  }
  for (const round of told.sent.keys()) expect(stored.has(round), `round ${round} was acknowledged`).toBe(true)
  return Math.max(-1, ...stored.keys())
}

/** Checks that outputs, position, progress and state of the application are of one commit, the last one or later. */
async function checkCommits(log: Log, embedded: EmbeddedLog, told: Told): Promise<void> {
  const keyless = topic(outputs.name, { key: nullable(outputs.key), value: outputs.value })
  const records = await recordsOf(log, outputs.name, () => log.read(keyless))
  const rounds = (partition: number): number[] =>
    records.filter((record) => record.partition === partition).map(({ value }) => value)
  expect(rounds(0)).toEqual([...new Set(rounds(0))].sort((a, b) => a - b))
  expect(rounds(1)).toEqual(rounds(0))
  expect(rounds(0)).toEqual(expect.arrayContaining([...told.committed]))

  const last = rounds(0).at(-1)
  if (last === undefined) return
  const topicId = embedded.describeTopic(left.name).id
  const [storeId = -1] = embedded.storeIds(applicationId, [storeName])
  embedded.startApplication(applicationId, (stored) => {
    expect(stored.position({ topic: left.name, topicId, partition: 0 })).toBe(last)
    expect(stored.progress?.toString()).toBe(String(last))
    return { plan: 'plan', positions: [] }
  })
  expect(embedded.state.get(storeId, 0, rowKey)?.toString()).toBe(String(last))
}

test(`${kills} kills lose nothing and leave nothing half done`, async () => {
  const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  onTestFailed(() => console.error(`to repeat: MILLRACE_SEED=${seed}`))
  const random = randomFrom(seed)
  const waiting = [startProgram('work-until-killed', []), startProgram('work-until-killed', [])]
  let acknowledged = 0
  for (let kill = 0; kill < kills;) {
    const dir = temporaryDirectory()
    const told: Told = { sent: new Map(), committed: new Set() }
    for (let nextRound = 0, end = kill + killsPerDirectory; kill < end; kill++) {
      const program = waiting.shift() as Program
      waiting.push(startProgram('work-until-killed', []))
      program.say(`${nextRound} ${dir}`)
      await workAndKill(program, told, random)

      const environment = new Environment(dir)
      const embedded = new EmbeddedLog(environment)
      const log = new Log(embedded)
      nextRound = 1 + (await checkRounds(log, told))
      await checkCommits(log, embedded, told)
      await log.close()
    }
    acknowledged += told.sent.size
  }
  expect(acknowledged).toBeGreaterThan(kills)
})
