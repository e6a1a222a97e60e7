/**
 * The partitions that a consumer reads, each in its turn.
 */
import type { RecordSource } from '../kept/record-source.ts'
import type { Hand, Lane } from './lane.ts'
import { type ResetPolicy, resetOffset } from './start-offset.ts'

export class Lanes {
  /** How often the reset policy set a position because it was no longer kept. */
  resets = 0
  /** How many offsets were passed over by that. */
  missed = 0
  /** Where the partition ends whose records {@link next} gave last. */
  endOffset = 0
  readonly #source: RecordSource
  readonly #reset: ResetPolicy
  #lanes: Lane[] = []
  /** Whose turn it is. */
  #turn = 0

  constructor(source: RecordSource, reset: ResetPolicy) {
    this.#source = source
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
  next(recordsMax: number): Hand | undefined {
    this.#source.refresh()
    for (let tries = this.#lanes.length; tries > 0; tries--) {
      this.#turn = (this.#turn + 1) % this.#lanes.length
      const lane = this.#lanes[this.#turn] as Lane
      if (lane.isPaused) continue
      this.place(lane)
      const hand = lane.fetch(recordsMax)
      if (hand !== undefined) return hand
    }
    return undefined
  }

  /** Gives a lane a position that the log holds, by the reset policy where it has none. */
  place(lane: Lane): void {
    const { partition, position } = lane
    if (position === undefined) {
      lane.moveTo(resetOffset(this.#source, partition, this.#reset, undefined))
      this.endOffset = this.#source.endOffset(partition)
      return
    }
    const startOffset = this.#source.startOffset(partition)
    const endOffset = this.#source.endOffset(partition)
    this.endOffset = endOffset
    if (position >= startOffset && position <= endOffset) return
    const offset = resetOffset(this.#source, partition, this.#reset, position)
    this.resets++
    this.missed += Math.max(0, offset - position)
    lane.moveTo(offset)
  }
}
