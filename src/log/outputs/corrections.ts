/**
 * What has to be appended to an output of the live version so that the newest record of each key is that of another
 * version, partition by partition, and what that overwrites.
 *
 * Keys are looked at within their partition, so one that the other version has put elsewhere is deleted here and
 * written there.
 */
import { MillraceError } from '../../core/errors.ts'
import type { Header } from '../../core/headers.ts'
import { BatchBuilder, recordBytesMax } from '../format/batch.ts'
import { partitionsOf } from '../format/partition-id.ts'
import type { StoredRecords, TopicDescription } from '../contract.ts'
import { compareNewest, NewestPasses } from './newest-records.ts'
import { type OutputRecord, switchHeader } from './output-record.ts'
import { haveLost, type Stretch, stretchesOf, type VersionOutput } from './output-rows.ts'

/** An output of two versions. */
export interface CorrectableOutput {
  /** Of the live version: it is corrected. */
  readonly topic: TopicDescription
  /** Of the version that comes. */
  readonly coming: VersionOutput
  /** Whether a key is one that the version that comes knows about, by its bytes as text. */
  readonly isKnown: (key: string) => boolean
}

/** How many records are appended to a topic, and what they take. */
export interface CorrectionCounts {
  /** Keys whose newest record becomes another one. */
  readonly keys: number
  /** Those of them that only the version that leaves has: they are deleted. */
  readonly deletes: number
  /** What is appended for it: to the topic, and to that of the version that leaves. */
  readonly bytes: number
}

export interface Corrections extends CorrectionCounts {
  readonly topic: TopicDescription
  /** By partition; empty where they take more than they may. */
  readonly corrected: readonly (readonly Buffer[])[]
  /** By partition: what was the newest in their place. */
  readonly overwritten: readonly (readonly Buffer[])[]
  /** How many records are appended to each partition. */
  readonly added: readonly number[]
  /** Whether the outputs still are as they were when they were compared. */
  readonly isCurrent: () => boolean
  /** Whether retention has deleted the oldest records of the version that comes: it may lack keys only for that. */
  readonly isComingCut: boolean
}

export interface CorrectionLimits {
  /** Beyond it everything is counted, and nothing kept. */
  readonly bytesMax: number
  /** Gives the search up. */
  readonly signal: AbortSignal | undefined
}

/** Keys in memory at a time. */
const memoryBytes = 64 * 1_048_576
const batchBytes = 131_072
/** Retention and compaction go on meanwhile: what they disturb is looked at again, this often. */
const attemptsMax = 5

/**
 * @param number of the switch
 * @throws MillraceError `switch_refused` when an output never stands still
 */
export async function correctionsOf(
  records: StoredRecords,
  output: CorrectableOutput,
  number: number,
  limits: CorrectionLimits,
): Promise<Corrections | 'unkeyed'> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    records.refresh()
    const here = stretchesOf(records, output.coming)
    const live = stretchesOf(records, { topic: output.topic })
    const found = await find(records, output, here, live, number, limits).catch(unlessDeleted)
    records.refresh()
    if (found !== undefined && ![here, live].some((one) => haveLost(records, one))) return found
  }
  throw new MillraceError(
    'switch_refused',
    `retention or compaction took records of "${output.topic.name}" away whenever it was compared: try again`,
    { topic: output.topic.name },
  )
}

function unlessDeleted(error: unknown): undefined {
  if (error instanceof MillraceError && error.code === 'position_lost') return
  throw error
}

type Stretches = readonly (readonly Stretch[])[]

async function find(
  records: StoredRecords,
  { topic, coming, isKnown }: CorrectableOutput,
  here: Stretches,
  live: Stretches,
  number: number,
  { bytesMax, signal }: CorrectionLimits,
): Promise<Corrections | 'unkeyed'> {
  const onSlice = (): void => signal?.throwIfAborted()
  const sums = { keys: 0, deletes: 0, bytes: 0 }
  const added: number[] = []
  const corrected: Buffer[][] = []
  const overwritten: Buffer[][] = []
  const hasTimes = topic.config.messageTimestampType !== 'LogAppendTime'
  for (const { partition } of partitionsOf(topic)) {
    const before = sums.keys
    const [toTopic, kept] = [new Packing(topic), new Packing(topic)]
    const passes = new NewestPasses(records, [here[partition] ?? []], [live[partition] ?? []], memoryBytes, onSlice)
    for await (const newest of passes.passes()) {
      if (newest === undefined) return 'unkeyed'
      await compareNewest(newest, hasTimes, ({ key, here: one, live: other }) => {
        if (!isKnown(key)) return
        const [comes, leaves] = [one ?? deleteLike(other), other ?? deleteLike(one)]
        sums.keys++
        if (comes.value === null) sums.deletes++
        toTopic.add(key, { ...comes, headers: [...comes.headers, headerOf(number)] })
        kept.add(key, leaves)
      })
      onSlice()
      if (sums.bytes + toTopic.bytes + kept.bytes > bytesMax) for (const packing of [toTopic, kept]) packing.drop()
    }
    for (const packing of [toTopic, kept]) packing.seal()
    sums.bytes += toTopic.bytes + kept.bytes
    added.push(sums.keys - before)
    corrected.push(toTopic.batches)
    overwritten.push(kept.batches)
  }
  const isCurrent = (): boolean =>
    isSame(here, stretchesOf(records, coming)) && isSame(live, stretchesOf(records, { topic }))
  return {
    topic,
    ...sums,
    added,
    corrected,
    overwritten,
    isCurrent,
    isComingCut: here.flat().some(({ from }) => from > 0),
  }
}

/** Says that there is nothing in the place of a record. */
function deleteLike(record: OutputRecord | undefined): OutputRecord {
  return { value: null, timestamp: record?.timestamp ?? 0, headers: [] }
}

function headerOf(number: number): Header {
  return { key: switchHeader, value: Buffer.from(String(number)) }
}

/** Offsets only: the beginning of what is kept may move on. */
function isSame(one: Stretches, other: Stretches): boolean {
  const ends = (stretches: Stretches): string => JSON.stringify(stretches.map((list) => list.map(({ to }) => to)))
  return ends(one) === ends(other)
}

/** Records of one partition, in batches as they are appended. */
class Packing {
  readonly batches: Buffer[] = []
  readonly #builder: BatchBuilder
  readonly #recordBytesMax: number
  #builtBytes = 0
  #isDropped = false

  constructor({ config: { compressionType = 'producer', maxMessageBytes = recordBytesMax } }: TopicDescription) {
    this.#builder = new BatchBuilder(compressionType === 'producer' ? 'none' : compressionType)
    this.#recordBytesMax = maxMessageBytes + headerOf(Number.MAX_SAFE_INTEGER).key.length + 32
  }

  /** Of what was added, whether it is kept or not. */
  get bytes(): number {
    return this.#builtBytes + (this.#builder.count === 0 ? 0 : this.#builder.bytes)
  }

  add(keyText: string, { value, timestamp, headers }: OutputRecord): void {
    const key = Buffer.from(keyText, 'latin1')
    const bytes = value === null ? key : Buffer.concat([key, Buffer.from(value, 'latin1')])
    const valueEnd = value === null ? -1 : bytes.length
    this.#builder.append(timestamp, bytes, 0, key.length, key.length, valueEnd, headers, this.#recordBytesMax)
    if (this.#builder.bytes >= batchBytes) this.seal()
  }

  seal(): void {
    if (this.#builder.count === 0) return
    const batch = this.#builder.build()
    this.#builtBytes += batch.length
    if (!this.#isDropped) this.batches.push(batch)
  }

  /** From now on nothing is kept. */
  drop(): void {
    this.#isDropped = true
    this.batches.length = 0
  }
}
