// A run is deterministic: how the input was batched, how often the application commits, how much memory it has, where it is
// restarted and where it is fenced in the middle of its work changes nothing in any partition of any output. Nor does it
// matter what it runs on: a log in memory that is slow at its edges gives the same bytes, in whichever order things settle.
import fc from 'fast-check'
import {
  type Application,
  bytes,
  type Log,
  MillraceError,
  nullable,
  type ProducerOptions,
  startStreams,
  type StreamsOptions,
  topic,
} from 'millrace'
import { expect } from 'vitest'
import { type ApplicationCluster, clusterOf, connect } from '../support/application-clusters.ts'
import { turns } from '../support/applications.ts'
import { buildBatch, type HexRecord } from '../support/batches.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { openTestLog } from '../support/open.ts'
import {
  buildRandom,
  type NumberTopic,
  numberTopic,
  type RandomTopology,
  randomTopologies,
} from '../support/random-topology.ts'

/** What happens to a run after how many turns of the event loop; it is started again each time, and at last left alone. */
interface Disturbances {
  readonly restarts: readonly number[]
  readonly takeovers: readonly number[]
}

const disturbances: fc.Arbitrary<Disturbances> = fc.record({
  restarts: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 3 }),
  takeovers: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 3 }),
})

/** Orders in which things settle on a log that is slow. */
const seeds = [1, 2]

type Settings = Pick<StreamsOptions, 'commit' | 'stateCacheBytes'>
const everyRecords = (count: number, settings: Settings = {}): Settings => ({
  ...settings,
  commit: { everyMs: 100_000, everyRecords: count },
})

/** Draws topologies with their input, and runs each of them in many ways: batching, commits, memory, restarts, fencing, log. */
export async function checkDeterminism(seed: number, numRuns: number): Promise<void> {
  let written = 0
  await fc.assert(
    fc.asyncProperty(randomTopologies, disturbances, async (drawn, { restarts, takeovers }) => {
      const coarse = openTestLog().log
      const fine = openTestLog().log
      const endings: (() => Promise<void>)[] = []
      const inputs = await importInto(coarse, drawn, { batchBytes: 100_000 }, false)
      await importInto(fine, drawn, { batchBytes: 40 }, true)
      const run = (log: Log, title: string, work: (start: Start) => Promise<Application>): Promise<Outcome> =>
        outcomeOf(publicPlace(log), drawn, inputs, title, work)

      const expected = await run(coarse, 'one-commit', (start) => start(everyRecords(1_000)))
      written += Object.values(expected.outputs).flat().length
      const others = [
        await run(coarse, 'each-record', (start) => start(everyRecords(1))),
        await run(coarse, 'no-memory', (start) => start(everyRecords(3, { stateCacheBytes: 0 }))),
        await run(fine, 'small-batches', (start) => start(everyRecords(1_000))),
        await run(fine, 'restarts', async (start) => {
          for (const after of restarts) {
            const app = await start(everyRecords(3))
            await turns(after)
            await app.close()
          }
          return start(everyRecords(5))
        }),
        await run(fine, 'takeovers', async (start) => {
          for (const after of takeovers) {
            endings.push(fencedSoon(await start(everyRecords(4))))
            await turns(after)
          }
          return start(everyRecords(7))
        }),
      ]
      for (const other of others) expect(other).toEqual(expected)
      for (const order of seeds) {
        const slow = clusterOf(new MemoryLog(order))
        for (const input of inputs) await copyInto(slow, fine, input)
        const place = { log: connect(slow).log, linesOf: async (names: readonly string[]) => slow.linesOf(names) }
        const whole = await outcomeOf(place, drawn, inputs, 'slow', (start) => start(everyRecords(5)))
        expect(whole).toEqual(expected)
        const disturbed = await outcomeOf(place, drawn, inputs, 'slow-disturbed', async (start) => {
          for (const after of restarts) {
            const app = await start(everyRecords(3))
            await turns(after)
            await app.close()
          }
          for (const after of takeovers) {
            endings.push(fencedSoon(await start(everyRecords(4, { stateCacheBytes: 0 }))))
            await turns(after)
          }
          return start(everyRecords(7))
        })
        expect(disturbed).toEqual(expected)
      }
      for (const ending of endings) await ending()
      for (const log of [coarse, fine]) await log.close()
    }),
    { seed, numRuns },
  )
  // Topologies that write nothing would prove nothing.
  expect(written).toBeGreaterThan(10 * numRuns)
}

/** An application that a newer instance will take over from, without being told. Returns what checks how it ended. */
function fencedSoon(app: Application): () => Promise<void> {
  const code = app.stopped.then(
    () => 'none',
    (error: unknown) => (error instanceof MillraceError ? error.code : error),
  )
  return async () => {
    // One that had nothing left to commit has not noticed.
    if (app.state === 'failed') expect(await code).toBe('fenced')
    else await app.close().catch(() => undefined)
  }
}

async function importInto(
  log: Log,
  { topics }: RandomTopology,
  options: ProducerOptions,
  oneByOne: boolean,
): Promise<readonly NumberTopic[]> {
  const producer = log.producer(options)
  const inputs = topics.map(({ partitions }, index) => numberTopic(`in-${index}`, partitions))
  for (const [index, { partitions, records }] of topics.entries()) {
    const input = inputs[index] as NumberTopic
    await log.admin.createTopic(input)
    // Where a record without a key goes depends on the batches, so that only one partition takes any.
    const placed = records.map((record) => ({ ...record, key: partitions === 1 ? record.key : (record.key ?? 'null') }))
    if (oneByOne) for (let at = 0; at < placed.length; at += 5) await producer.sendMany(input, placed.slice(at, at + 5))
    else await producer.sendMany(input, placed)
  }
  await producer.close()
  return inputs
}

type Start = (settings: Settings) => Promise<Application>

/** Everything that must not depend on how the run went. */
interface Outcome {
  /** Timestamp, key, value and headers of the records of every output partition, in order. */
  readonly outputs: Readonly<Record<string, readonly string[]>>
  readonly counters: object
}

async function outcomeOf(
  { log, linesOf }: Place,
  drawn: RandomTopology,
  inputs: readonly NumberTopic[],
  applicationId: string,
  work: (start: Start) => Promise<Application>,
): Promise<Outcome> {
  const outputs = drawn.outputs.map((partitions, index) => numberTopic(`${applicationId}-out-${index}`, partitions))
  const topology = buildRandom(drawn, inputs, outputs)
  const app = await work((settings) =>
    startStreams(topology, {
      ...settings,
      log,
      applicationId,
      onError: 'deadLetter',
      deadLetterTopic: `${applicationId}-dead`,
    }),
  )
  await app.caughtUp()
  const { consumed, produced, dropped, failed, streamTimes } = app.metrics()
  await app.close()
  const own = (topicName: string): string => topicName.replace(`${applicationId}-`, '')
  const answers = drawn.steps.map((_, index) => `${outputs[0]?.name}-answers-${index}`)
  const lines = await linesOf([...outputs.map((output) => output.name), ...answers, `${applicationId}-dead`])
  return {
    outputs: Object.fromEntries(Object.entries(lines).map(([place, list]) => [own(place), list])),
    counters: {
      consumed,
      produced: Object.fromEntries(Object.entries(produced).map(([topicName, count]) => [own(topicName), count])),
      dropped,
      failed,
      streamTimes,
    },
  }
}

/** Where a run takes place, and how its outputs are read. */
interface Place {
  readonly log: Log
  readonly linesOf: (names: readonly string[]) => Promise<Readonly<Record<string, readonly string[]>>>
}

function publicPlace(log: Log): Place {
  return { log, linesOf: (names) => linesIn(log, names) }
}

const asBytes = (name: string) => topic(name, { key: nullable(bytes()), value: nullable(bytes()) })

/** Writes what is in a topic into a log in memory, a batch for each three records or so. */
async function copyInto(slow: ApplicationCluster, from: Log, { name, partitions = 1 }: NumberTopic): Promise<void> {
  slow.append({ name, partitions }, 0, undefined)
  const hexOrNull = (part: Uint8Array | null): string | null => (part === null ? null : hex(part))
  const waiting: HexRecord[][] = Array.from({ length: partitions }, () => [])
  const flush = (partition: number): void => {
    const records = waiting[partition]?.splice(0) ?? []
    if (records.length > 0) slow.append({ name, partitions }, partition, buildBatch(records))
  }
  for await (const { partition, timestamp, key, value, headers } of from.read(asBytes(name))) {
    const list = headers.map((header) => ({ key: header.key, value: hexOrNull(header.value) }))
    waiting[partition]?.push({ timestamp, key: hexOrNull(key), value: hexOrNull(value), headers: list })
    if (waiting[partition]?.length === 3) flush(partition)
  }
  for (const partition of waiting.keys()) flush(partition)
}

async function linesIn(log: Log, names: readonly string[]): Promise<Record<string, string[]>> {
  const known = new Set((await log.admin.listTopics()).map(({ name }) => name))
  const lines: Record<string, string[]> = {}
  for (const name of names.filter((one) => known.has(one))) {
    for await (const { partition, offset, timestamp, key, value, headers } of log.read(asBytes(name))) {
      const line = [
        offset,
        timestamp,
        hex(key),
        hex(value),
        ...headers.flatMap((header) => [header.key, hex(header.value)]),
      ]
      const place = `${name}/${partition}`
      lines[place] = [...(lines[place] ?? []), line.join(' ')]
    }
  }
  return lines
}

function hex(part: Uint8Array | null): string {
  return part === null ? 'null' : Buffer.from(part).toString('hex')
}
