/**
 * Where the live version is: a version beside it reads no further, and lets it go first.
 */
import { parsePlan } from '../core/stored-plan.ts'
import { isHiddenTopic, isRedriveTopic } from '../log/kept/version-name.ts'
import type { ApplicationLog, PartitionId, Session, StoredApplication } from '../log/contract.ts'
import { decodeEntries } from '../core/stored-progress.ts'
import type { SourceLane } from '../runtime/sequence.ts'
import type { OffsetsByTopic } from './face.ts'

export class LivePosition {
  readonly #log: ApplicationLog
  readonly #session: Session
  readonly #applicationId: string
  /** The offsets that it stops before, whatever the live version does. */
  readonly #ends: OffsetsByTopic | null
  #plan: string | undefined
  #topics: ReadonlySet<string> = new Set()

  constructor(log: ApplicationLog, session: Session, applicationId: string, ends: OffsetsByTopic | null) {
    this.#log = log
    this.#session = session
    this.#applicationId = applicationId
    this.#ends = ends
  }

  /** Moves the bounds of lanes to where the live version is now. */
  moveBounds(lanes: readonly SourceLane[]): void {
    const live = this.#log.find(this.#applicationId)
    const bounds = live === undefined ? undefined : this.#boundsOf(live)
    for (const lane of lanes) {
      const end = this.#ends?.[lane.partition.topic]?.[lane.partition.partition] ?? Number.POSITIVE_INFINITY
      lane.boundOffset = Math.min(end, bounds?.(lane.partition) ?? Number.POSITIVE_INFINITY)
    }
  }

  /** Whether the live version runs, and has something to do. */
  isBusy(lanes: readonly SourceLane[]): boolean {
    this.#session.refresh()
    const live = this.#log.find(this.#applicationId)
    if (live === undefined || !live.isRunning()) return false
    const positions = positionsOf(live)
    return lanes.some(({ partition }) => {
      const position = positions.get(placeOf(partition))
      return position !== undefined && position < this.#session.endOffset(partition)
    })
  }

  isRunning(): boolean {
    return this.#log.find(this.#applicationId)?.isRunning() === true
  }

  #boundsOf(live: StoredApplication): (partition: PartitionId) => number {
    const positions = positionsOf(live)
    const topics = this.#topicsOf(live)
    let eventTime: number | undefined
    return (partition) => {
      const position = positions.get(placeOf(partition))
      if (position !== undefined) return position
      if (topics.has(partition.topic) || isRedriveTopic(partition.topic, this.#applicationId)) return 0
      // What it writes itself is not the live version's to read.
      if (isHiddenTopic(partition.topic)) return Number.POSITIVE_INFINITY
      eventTime ??= Math.max(-1, ...live.allProgress().map(({ progress }) => timeIn(progress)))
      return this.#session.offsetAtTime(partition, eventTime + 1)
    }
  }

  #topicsOf({ plan }: StoredApplication): ReadonlySet<string> {
    if (plan !== this.#plan) {
      this.#topics = new Set(parsePlan(this.#applicationId, plan).topics)
      this.#plan = plan
    }
    return this.#topics
  }
}

function positionsOf(live: StoredApplication): ReadonlyMap<string, number> {
  return new Map(live.positions().map(({ partition, offset }) => [placeOf(partition), offset]))
}

const placeOf = ({ topicId, partition }: PartitionId): string => `${topicId}/${partition}`

const timeIn = (progress: Buffer | undefined): number =>
  progress === undefined ? -1 : decodeEntries(progress).eventTime
