// The end of an episode: what many killed counters wrote must be what one counter writes that nobody disturbs.
import { type Log, openLog, startStreams } from '../../src/index.ts'
import { decodable, decodedLine, type Partitions, readKept, readTopics, type StoredRecord } from './contents.ts'
import { inputOf, type Plan } from './input.ts'
import { sendPrefix } from './programs/importer.ts'
import { applicationId, counts, outputs, totals, trace } from './topics.ts'
import { countOrders } from './topology.ts'

/** What a finished counter has written, and how many records it dropped as late. */
interface Outcome {
  readonly topics: ReadonlyMap<string, Partitions>
  readonly late: number
}

/** Imports and counts the same input in another directory, and returns every difference that must not be. */
export async function compareWithUninterrupted(dir: string, besideDir: string, plan: Plan): Promise<readonly string[]> {
  const found = await withLog(dir, outcomeOf)
  const due = await withLog(besideDir, async (log) => {
    await sendPrefix(log.producer(), inputOf(plan), plan.records)
    const app = await startStreams(countOrders({ run: 0, pauseEvery: 0 }), {
      log,
      applicationId,
      onError: 'deadLetter',
    })
    await app.caughtUp()
    await app.close()
    return outcomeOf(log)
  })
  // Side by side the sequence depends on who was faster; what it adds up to does not.
  return plan.mode === 'complete' ? differentBytes(found, due) : differentSums(found, due)
}

async function withLog<T>(dir: string, work: (log: Log) => Promise<T>): Promise<T> {
  const log = await openLog(dir)
  try {
    return await work(log)
  } finally {
    await log.close()
  }
}

async function outcomeOf(log: Log): Promise<Outcome> {
  const topics = await readTopics(log, outputs)
  const { metrics } = await readKept(log)
  return { topics, late: metrics.dropped['per-window']?.['late'] ?? 0 }
}

/** Every partition of every output holds the same bytes in the same order. */
export function differentBytes(found: Outcome, due: Outcome): string[] {
  return outputs.flatMap(({ name }) => {
    const partitions = found.topics.get(name) ?? []
    return (due.topics.get(name) ?? []).flatMap((records, partition) => {
      const wants = records.map((record) => bytesOf(name, record))
      const has = (partitions[partition] ?? []).map((record) => bytesOf(name, record))
      const at = wants.findIndex((line, index) => line !== has[index])
      if (at < 0 && has.length === wants.length) return []
      return [`end ${name}[${partition}]: ${has.length} of ${wants.length} records, the first difference at ${at}`]
    })
  })
}

function bytesOf(name: string, { timestamp, key, value, headers }: StoredRecord): string {
  // The trace names the run of the counter, which is the one thing that may differ.
  const content = name === trace.name ? Buffer.from(String(trace.value.decode(value as Uint8Array).n)) : value
  const hex = (bytes: Uint8Array | null): string => (bytes === null ? 'null' : Buffer.from(bytes).toString('hex'))
  return [timestamp, hex(key), hex(content), ...headers.flatMap((header) => [header.key, hex(header.value)])].join(' ')
}

/** The running sums end at the same values, and no record is in neither the windows nor the late ones. */
export function differentSums(found: Outcome, due: Outcome): string[] {
  const sums = (outcome: Outcome): string =>
    [...lastValues(outcome, totals.name)]
      .map((entry) => entry.join(' '))
      .toSorted()
      .join('\n')
  const counted = (outcome: Outcome): number =>
    outcome.late + [...lastValues(outcome, counts.name).values()].reduce((sum, count) => sum + Number(count), 0)
  return [
    ...(sums(found) === sums(due) ? [] : ['end totals: other sums than without kills']),
    ...(counted(found) === counted(due)
      ? []
      : [`end counts: ${counted(found)} counted or late, ${counted(due)} are due`]),
  ]
}

/** The newest value of every key, both as text. */
function lastValues({ topics }: Outcome, name: string): Map<string, string> {
  const topic = decodable.get(name)
  if (topic === undefined) throw new Error(`nobody knows how to decode ${name}`)
  const values = new Map<string, string>()
  for (const record of (topics.get(name) ?? []).flat()) {
    const [, key, value] = decodedLine(topic, record).split(' ')
    values.set(key as string, value as string)
  }
  return values
}
