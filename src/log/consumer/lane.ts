/**
 * One partition as a consumer reads it: where it stands, what is done, and the records from there on.
 *
 * Its position moves as records are handed out, and nowhere else: {@link Lane.fetch} gives a {@link Hand}, which hands
 * them out one by one or all together, and says when the user has done what it holds. A lane that is sent elsewhere,
 * paused or taken away stops standing by its hand, which then hands out nothing more.
 */
import { MillraceError } from '../../core/errors.ts'
import type { LogRecord } from '../../core/record.ts'
import type { Codec } from '../../core/serde.ts'
import { decodeRecord } from '../format/decode.ts'
import type { PartitionId } from '../format/partition-id.ts'
import type { RecordSource } from '../kept/record-source.ts'
import { RecordWalk } from './record-walk.ts'

type AnyRecord = LogRecord<unknown, unknown>

/** How the records of a topic are read. */
export interface TopicCodecs {
  readonly key: Codec<unknown>
  readonly value: Codec<unknown>
}

/** A fetch ends when the stored batches that it has unpacked reach this many bytes. */
const fetchBytesMax = 1_048_576

/** No offset. */
const nothingSaved = -1

export class Lane {
  readonly partition: PartitionId
  readonly #codecs: TopicCodecs
  /** Stands where the next fetch reads. */
  readonly #walk: RecordWalk
  /** The offset after the last record that was handed out; undefined until it is known where to begin. */
  #position: number | undefined
  /** The offset after the last record that is done. */
  #done = 0
  /** The position that no longer needs a commit: it is committed, or it is where the lane began. */
  #saved: number | undefined
  /** The offset after the last record that was handed out, when it has to be handed out again. */
  #handedOutEnd = 0
  #isPaused = false
  /** Whose records may still be handed out. */
  #ahead: Hand | undefined
  /** Whose records in the user's hands are this lane's concern. */
  #held: Hand | undefined

  constructor(source: RecordSource, partition: PartitionId, codecs: TopicCodecs) {
    this.partition = partition
    this.#codecs = codecs
    this.#walk = new RecordWalk(source, partition, 0)
  }

  get position(): number | undefined {
    return this.#position
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Whether records were fetched that are not handed out. */
  get hasAhead(): boolean {
    return this.#ahead?.hasMore === true
  }

  /** What is handed out and not committed: the position; undefined when there is nothing. */
  get handedOutToCommit(): number | undefined {
    return this.#position === this.#saved ? undefined : this.#position
  }

  /** What is done and not committed; undefined when there is nothing. */
  get doneToCommit(): number | undefined {
    return this.#position === undefined || this.#done === this.#saved ? undefined : this.#done
  }

  /** Goes on from an offset; everything before counts as done. */
  moveTo(offset: number): void {
    this.#position = offset
    this.#done = offset
    this.#saved ??= offset
    this.#handedOutEnd = 0
    this.letGo()
  }

  /** {@link moveTo} at the user's wish, which a commit keeps, even where nothing was committed before. */
  seek(offset: number): void {
    this.#saved ??= nothingSaved
    this.moveTo(offset)
  }

  pause(): void {
    this.#isPaused = true
    this.forgetAhead()
  }

  resume(): void {
    this.#isPaused = false
  }

  /** As {@link forgetAhead}, and what is in hand is never done. */
  letGo(): void {
    this.#held = undefined
    this.forgetAhead()
  }

  /** A position is committed: what was handed out before it is done. */
  commit(offset: number): void {
    this.#saved = offset
    if (offset > (this.#position ?? 0) && offset <= this.#handedOutEnd) this.moveTo(offset)
    this.#done = Math.max(this.#done, offset)
  }

  /** What was fetched and not handed out is fetched again. */
  forgetAhead(): void {
    this.#ahead = undefined
    this.#walk.moveTo(this.#position ?? 0)
  }

  /**
   * Up to `recordsMax` records from where the last fetch ended; undefined when there are no more yet.
   *
   * @throws MillraceError `damaged`, whose offset is the last one of the batch, `undecodable`, `unexpected_null`; the
   *   records before are handed out first
   */
  fetch(recordsMax: number): Hand | undefined {
    // A program that asks twice at once has not been handed out all of the hand before.
    if (this.hasAhead) this.forgetAhead()
    const records: AnyRecord[] = []
    try {
      this.#read(records, recordsMax)
    } catch (error) {
      // With records to hand out first, the next fetch throws it again.
      if (records.length === 0 || !(error instanceof MillraceError)) throw error
    }
    if (records.length === 0) return undefined
    this.#ahead = this.#held = new Hand(this, records)
    return this.#ahead
  }

  #read(records: AnyRecord[], recordsMax: number): void {
    const walk = this.#walk
    const { cursor } = walk
    const { key, value } = this.#codecs
    const endBytes = walk.readBytes + fetchBytesMax
    // A batch without a record that is due says nothing about the next one, however large it is.
    const isWorthMore = (): boolean => records.length === 0 || walk.isInBatch || walk.readBytes < endBytes
    while (records.length < recordsMax && isWorthMore() && walk.enterBatch()) {
      while (records.length < recordsMax && walk.nextInBatch()) {
        try {
          records.push(decodeRecord(cursor, this.partition, key, value))
        } catch (error) {
          walk.moveTo(cursor.offset)
          throw error
        }
      }
    }
  }

  /** Whether a hand may hand out more. */
  standsBy(hand: Hand): boolean {
    return this.#ahead === hand
  }

  /** A hand hands out everything before an offset. */
  handOut(offset: number): void {
    this.#position = offset
  }

  /** What a hand has handed out is done; false when that no longer concerns this lane. */
  finish(hand: Hand): boolean {
    if (this.#held !== hand) return false
    this.#done = this.#position ?? this.#done
    return true
  }

  /** What a hand has handed out is not done, and comes again. */
  takeBack(hand: Hand): void {
    if (this.#held !== hand) return
    this.#handedOutEnd = this.#position ?? 0
    this.#position = this.#done
    this.letGo()
  }
}

/** Records that were fetched together, on their way to the user. */
export class Hand {
  readonly #lane: Lane
  /** Let go of once all are handed out: a lane keeps its hand, and records that live long cost the collector. */
  #records: readonly AnyRecord[]
  #next = 0
  /** Whether the user has some that are not done. */
  #isHeld = false

  constructor(lane: Lane, records: readonly AnyRecord[]) {
    this.#lane = lane
    this.#records = records
  }

  get partition(): PartitionId {
    return this.#lane.partition
  }

  /** The offset after its last record; to be asked before all are handed out. */
  get end(): number {
    return (this.#records.at(-1)?.offset ?? -1) + 1
  }

  /** Whether there are more to hand out. */
  get hasMore(): boolean {
    return this.#next < this.#records.length && this.#lane.standsBy(this)
  }

  /** Hands out the next record; undefined without {@link hasMore}. */
  take(): AnyRecord | undefined {
    const record = this.#records[this.#next]
    if (record === undefined || !this.#lane.standsBy(this)) return undefined
    if (++this.#next === this.#records.length) this.#records = []
    this.#lane.handOut(record.offset + 1)
    this.#isHeld = true
    return record
  }

  /** Hands out all that are left; none without {@link hasMore}. */
  takeAll(): readonly AnyRecord[] {
    const records = this.#next === 0 ? this.#records : this.#records.slice(this.#next)
    const last = records.at(-1)
    if (last === undefined || !this.hasMore) return []
    this.#records = []
    this.#lane.handOut(last.offset + 1)
    this.#isHeld = true
    return records
  }

  /** What was handed out is done; false without any, and when the lane was sent elsewhere or taken away meanwhile. */
  done(): boolean {
    const isDone = this.#isHeld && this.#lane.finish(this)
    this.#isHeld = false
    return isDone
  }

  /** What was handed out and is not done comes again. */
  giveBack(): void {
    if (this.#isHeld) this.#lane.takeBack(this)
    this.#isHeld = false
  }

  /** What is left is fetched again. */
  forgetRest(): void {
    if (this.hasMore) this.#lane.forgetAhead()
  }
}
