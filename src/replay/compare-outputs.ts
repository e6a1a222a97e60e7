/**
 * Compares an output topic of two versions: by the newest record of each key, or record by record where there are
 * records without keys.
 */
import { MillraceError } from '../core/errors.ts'
import type { Windowed } from '../core/windows/window.ts'
import { WindowedCodec } from '../core/windows/windowed.ts'
import { WorkSlice } from '../core/work-slice.ts'
import type { BatchCursor } from '../log/format/batch-cursor.ts'
import type { StoredRecords, TopicDescription } from '../log/contract.ts'
import { compareNewest, NewestPasses } from '../log/outputs/newest-records.ts'
import { keyText, type OutputRecord, recordAt, sameRecord } from '../log/outputs/output-record.ts'
import {
  haveLost,
  lossOf,
  OutputWalk,
  type Stretch,
  stretchesOf,
  type VersionOutput,
} from '../log/outputs/output-rows.ts'
import type { ComparedPart, ComparisonSample } from './comparison-face.ts'
import type { EqualMoments } from './equal-moments.ts'
import { serdesNamed, shownPart, shownRecord, type ShownSerdes } from './shown-rows.ts'
import { type CompareLimits, incomparable, Tally } from './tally.ts'

/** An output that both sides may have. */
export interface ComparedOutput {
  /** What it is called where it is the live one. */
  readonly name: string
  readonly here: VersionOutput | undefined
  readonly live: VersionOutput | undefined
  /** Says how it is read. */
  readonly topic: TopicDescription
}

/** Retention and compaction go on meanwhile: a comparison that they disturb is made again, this often. */
const attemptsMax = 5
/** Whether a slice is over is asked this often: records may be large. */
const recordsBetweenLooks = 64

export async function compareOutput(
  moments: EqualMoments,
  records: StoredRecords,
  output: ComparedOutput,
  limits: CompareLimits,
): Promise<ComparedPart> {
  const { name, here, live } = output
  if (here === undefined) return incomparable(name, 'newest', 'only the live version has such an output')
  if (live === undefined) return incomparable(name, 'newest', 'the live version has no such output')
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const stretches = await moments.both(
      () => stretchesOf(records, here),
      () => stretchesOf(records, live),
    )
    const loss = lossOf(records, here)
    if (loss !== undefined) return incomparable(name, 'newest', `what this version has written is not known: ${loss}`)
    const comparison = new OutputComparison(records, output, stretches[0], stretches[1], limits)
    const part = await comparison.run().catch(unlessDeleted)
    records.refresh()
    if (part !== undefined && !stretches.some((one) => haveLost(records, one))) return part
  }
  return incomparable(name, 'newest', 'retention or compaction took records away whenever it was compared')
}

function unlessDeleted(error: unknown): undefined {
  if (error instanceof MillraceError && error.code === 'position_lost') return
  throw error
}

class OutputComparison {
  readonly #records: StoredRecords
  readonly #name: string
  readonly #serdes: ShownSerdes
  readonly #hasTimes: boolean
  readonly #here: readonly (readonly Stretch[])[]
  readonly #live: readonly (readonly Stretch[])[]
  readonly #limits: CompareLimits

  constructor(
    records: StoredRecords,
    { name, topic }: ComparedOutput,
    here: readonly (readonly Stretch[])[],
    live: readonly (readonly Stretch[])[],
    limits: CompareLimits,
  ) {
    this.#records = records
    this.#name = name
    this.#serdes = serdesNamed(topic.serdes)
    this.#hasTimes = topic.config.messageTimestampType !== 'LogAppendTime'
    this.#here = here
    this.#live = live
    this.#limits = limits
  }

  async run(): Promise<ComparedPart> {
    const note = isCut(this.#here) || isCut(this.#live) ? cutNote : undefined
    const newest = await this.#newest()
    return newest?.part(this.#name, 'newest', note) ?? (await this.#oneByOne()).part(this.#name, 'records', note)
  }

  /** Undefined where there are records without keys. */
  async #newest(): Promise<Tally | undefined> {
    const { samplesMax, memoryBytes, onRows } = this.#limits
    const tally = new Tally(samplesMax)
    const passes = new NewestPasses(this.#records, this.#here, this.#live, memoryBytes, () => onRows(tally.rows))
    for await (const newest of passes.passes()) {
      if (newest === undefined) return undefined
      tally.equal += await compareNewest(newest, this.#hasTimes, ({ key, here, live }) => {
        tally.differ(isThere(here), isThere(live))
        tally.show(() => ({
          ...this.#shownKey(key),
          here: shownRecord(here, this.#serdes),
          live: shownRecord(live, this.#serdes),
        }))
      })
      onRows(tally.rows)
    }
    return tally
  }

  async #oneByOne(): Promise<Tally> {
    const tally = new Tally(this.#limits.samplesMax)
    const partitions = Math.max(this.#here.length, this.#live.length)
    for (let partition = 0; partition < partitions; partition++) await this.#sequence(partition, tally)
    return tally
  }

  async #sequence(partition: number, tally: Tally): Promise<void> {
    const here = new OutputWalk(this.#records, this.#here[partition] ?? [])
    const live = new OutputWalk(this.#records, this.#live[partition] ?? [])
    const rest = new Tally(0)
    const slice = new WorkSlice()
    for (let index = 0; ; index++) {
      const one = here.next() ? keyedRecordAt(here.cursor) : undefined
      const other = live.next() ? keyedRecordAt(live.cursor) : undefined
      if (one === undefined && other === undefined) break
      // Only the first difference says something: from there on the two are out of step.
      if (rest.hasDifference) rest.differ(one !== undefined, other !== undefined)
      else if (one?.key === other?.key && this.#isSame(one, other)) tally.equal++
      else {
        rest.differ(one !== undefined, other !== undefined)
        tally.show(() => ({
          ...this.#shownKey((one ?? other)?.key ?? null),
          place: { partition, index },
          here: shownRecord(one, this.#serdes),
          live: shownRecord(other, this.#serdes),
        }))
      }
      if (index % recordsBetweenLooks !== 0 || !slice.isOver) continue
      this.#limits.onRows(tally.rows + rest.rows)
      await slice.next()
      this.#records.refresh()
    }
    tally.add(rest)
  }

  #isSame(one: OutputRecord | undefined, other: OutputRecord | undefined): boolean {
    return one !== undefined && other !== undefined && sameRecord(one, other, this.#hasTimes)
  }

  #shownKey(key: string | null): Pick<ComparisonSample, 'key' | 'window'> {
    const codec = this.#serdes.key
    const shown = key === null ? null : shownPart(Buffer.from(key, 'latin1'), codec)
    return codec instanceof WindowedCodec && isWindowed(shown) ? shown : { key: shown }
  }
}

/** A key that was deleted is as one that never was. */
function isThere(record: OutputRecord | undefined): boolean {
  return record !== undefined && record.value !== null
}

const cutNote =
  'retention has deleted the oldest records of one side or both: what is only on one side may be among those'

function isCut(stretches: readonly (readonly Stretch[])[]): boolean {
  return stretches.flat().some(({ from }) => from > 0)
}

function keyedRecordAt(cursor: BatchCursor): OutputRecord & { readonly key: string | null } {
  return { key: keyText(cursor), ...recordAt(cursor) }
}

function isWindowed(shown: unknown): shown is Windowed<unknown> {
  return typeof shown === 'object' && shown !== null && 'key' in shown && 'window' in shown
}
