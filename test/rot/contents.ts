// Everything that can be read of a log, in every way there is: what came, and which errors.
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError, openLog, startStreams } from '../../src/index.ts'
import type { Log, Topic } from '../../src/index.ts'
import { applicationId, clicks, counted, counts, countClicks, group, orders, pictures, table } from './world.ts'

/** Of a partition as it was read: what came at which offset, and which offsets an error stands for. */
export interface PartitionContents {
  readonly records: [offset: number, text: string][]
  /** Both ends belong to it; null is the end of the partition. */
  readonly lost: [from: number, to: number | null][]
}

export interface Contents {
  /** What failed, by the step that did. */
  readonly errors: Record<string, string>
  /** By topic and partition; a step that failed as a whole leaves none. */
  readonly read: Record<string, PartitionContents>
  readonly consumed: Record<string, PartitionContents>
  readonly topics: string[] | undefined
  /** Rows of the store, when the application has caught up. */
  readonly state: string[] | undefined
  readonly counted: Record<string, PartitionContents>
  /** How many problems `verify` lists; undefined when it could not. */
  readonly problems: number | undefined
}

/** An error that no user should see. */
export class RawError extends Error {}

const readings: readonly (readonly [Topic<unknown, unknown>, number])[] = [
  [clicks, 2],
  [orders, 3],
  [pictures, 1],
  [table, 1],
  [counted, 2],
] as unknown as readonly (readonly [Topic<unknown, unknown>, number])[]

/** @param onStep is told of each step before it begins: a crash inside of it is found by that */
export async function readContents(dir: string, onStep: (step: string) => void): Promise<Contents> {
  const contents: { -readonly [Name in keyof Contents]: Contents[Name] } = {
    errors: {},
    read: {},
    consumed: {},
    topics: undefined,
    state: undefined,
    counted: {},
    problems: undefined,
  }
  const attempt = async (step: string, work: () => Promise<void>): Promise<boolean> => {
    onStep(step)
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof MillraceError)) throw new RawError(`${step}: ${String(error)}`, { cause: error })
      contents.errors[step] = `${error.code}: ${error.message}`
      return false
    }
  }
  let log: Log | undefined
  await attempt('open', async () => {
    log = await openLog(dir, { maintenance: false })
  })
  if (log === undefined) return contents
  const opened: Log = log
  try {
    await attempt('verify', async () => {
      contents.problems = (await opened.admin.verify()).problemCount
    })
    await attempt('maintenance', () => opened.admin.runMaintenance())
    await attempt('list', async () => {
      const topics = await opened.admin.listTopics()
      contents.topics = topics.map(({ name, partitions }) => `${name} ${partitions}`)
    })
    onStep('read')
    for (const [constant, partitions] of readings)
      contents.read = { ...contents.read, ...(await readAll(opened, constant, partitions)) }
    await attempt('consume', async () => {
      contents.consumed = await consume(opened)
    })
    await attempt('application', async () => {
      const application = await startStreams(countClicks(), { log: opened, applicationId })
      try {
        await application.caughtUp()
        onStep('query')
        const rows: string[] = []
        for (const { key, value } of application.store(counts).range()) rows.push(`${key}=${value}`)
        contents.state = rows
      } finally {
        await application.close()
      }
    })
    onStep('read what was counted')
    contents.counted = await readAll(opened, counted as unknown as Topic<unknown, unknown>, 2)
  } finally {
    onStep('close')
    await attempt('close', () => opened.close())
  }
  onStep('done')
  return contents
}

async function readAll(
  log: Log,
  constant: Topic<unknown, unknown>,
  partitions: number,
): Promise<Record<string, PartitionContents>> {
  const found: Record<string, PartitionContents> = {}
  for (let partition = 0; partition < partitions; partition++) {
    found[`${constant.name}[${partition}]`] = await readPartition(log, constant, partition)
  }
  return found
}

/** Reads on behind what is damaged, as the error says. */
async function readPartition(
  log: Log,
  constant: Topic<unknown, unknown>,
  partition: number,
): Promise<PartitionContents> {
  const contents: PartitionContents = { records: [], lost: [] }
  for (let from = 0; ;) {
    let next = from
    try {
      for await (const { offset, key, value, timestamp } of log.read(constant, { partition, from })) {
        contents.records.push([offset, textOf(key, value, timestamp)])
        next = offset + 1
      }
      return contents
    } catch (error) {
      if (!(error instanceof MillraceError))
        throw new RawError(`read ${constant.name}[${partition}]: ${String(error)}`, { cause: error })
      const last = error.code === 'damaged' && error.offset !== undefined && error.offset >= next ? error.offset : null
      contents.lost.push([next, last])
      if (last === null) return contents
      from = last + 1
    }
  }
}

const orderPartitions = 3
/** How long nothing may come before it is asked whether there is something. */
const silenceMs = 100

async function consume(log: Log): Promise<Record<string, PartitionContents>> {
  const found: Record<string, PartitionContents> = {}
  const consumer = log.consumer({ group, topics: [orders], autoCommitMs: false })
  const consumed = { batches: 0, isOver: false, error: undefined as Error | undefined }
  const reading = (async () => {
    for await (const { topic, partition, records } of consumer.batches()) {
      consumed.batches++
      const contents = (found[`${topic}[${partition}]`] ??= { records: [], lost: [] })
      for (const { offset, key, value, timestamp } of records) {
        contents.records.push([offset, textOf(key, value, timestamp)])
      }
    }
  })()
    .catch((error: unknown) => {
      consumed.error = error instanceof Error ? error : new Error(String(error))
    })
    .finally(() => {
      consumed.isOver = true
    })
  try {
    for (let before = -1; !consumed.isOver;) {
      const isSilent = consumed.batches === before
      before = consumed.batches
      const assigned = consumer.assignment()
      const isAtEnd = assigned.every(({ topic, partition }) => consumer.lag(topic, partition) <= 0)
      if (isAtEnd && (assigned.length === orderPartitions || (isSilent && assigned.length > 0))) break
      await sleep(isSilent ? silenceMs : 1)
    }
  } finally {
    await consumer.close()
    await reading
  }
  if (consumed.error !== undefined) throw consumed.error
  return found
}

function textOf(key: unknown, value: unknown, timestamp: number): string {
  return `${String(key)}=${String(value)}@${timestamp}`
}
