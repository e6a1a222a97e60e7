/**
 * The partitions that a consumer reads, each in its turn.
 */
import type { LogRecord } from '../../core/record.ts'
import type { EmbeddedLog } from '../embedded-log.ts'
import type { Lane } from './lane.ts'
import { type ResetPolicy, resetOffset } from './start-offset.ts'

/** Records of one partition, side by side. */
export interface Fetch {
  readonly lane: Lane
  readonly records: readonly LogRecord<unknown, unknown>[]
}

export class Lanes {
  /** How often a position was set by the reset policy because it was not kept any more. */
  resets = 0
  /** How many offsets were passed over by that. */
  missed = 0
  readonly #log: EmbeddedLog
  readonly #reset: ResetPolicy
  #lanes: Lane[] = []
  /** Whose turn it is. */
  #turn = 0

  constructor(log: EmbeddedLog, reset: ResetPolicy) {
    this.#log = log
    this.#reset = reset
  }

  get all(): readonly Lane[] {
    return this.#lanes
  }

  find(topic: string, partition: number): Lane | undefined {
    return this.#lanes.find((lane) => lane.partition.topic === topic && lane.partition.partition === partition)
  }

  add(lane: Lane): void {
    this.#lanes.push(lane)
  }

  remove(lanes: readonly Lane[]): void {
    const gone = new Set(lanes)
    this.#lanes = this.#lanes.filter((lane) => !gone.has(lane))
  }

  /**
   * Records of the next partition that has some; undefined when all are read.
   *
   * @throws MillraceError `position_lost`, and as {@link Lane.fetch}
   */
  next(recordsMax: number): Fetch | undefined {
    this.#log.refresh()
    for (let tries = this.#lanes.length; tries > 0; tries--) {
      this.#turn = (this.#turn + 1) % this.#lanes.length
      const lane = this.#lanes[this.#turn] as Lane
      if (lane.isPaused) continue
      this.place(lane)
      const records = lane.fetch(recordsMax)
      if (records.length > 0) return { lane, records }
    }
    return undefined
  }

  /** Gives a lane a position that the log holds, by the reset policy where it has none. */
  place(lane: Lane): void {
    const { partition, position } = lane
    if (position === undefined) {
      lane.moveTo(resetOffset(this.#log, partition, this.#reset, undefined))
      return
    }
    const startOffset = this.#log.startOffset(partition)
    const endOffset = this.#log.endOffset(partition)
    if (position >= startOffset && position <= endOffset) return
    const offset = resetOffset(this.#log, partition, this.#reset, position)
    this.resets++
    this.missed += Math.max(0, offset - position)
    lane.moveTo(offset)
  }
}
