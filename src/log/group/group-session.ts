/**
 * The heartbeat of an open log: one small durable commit per interval speaks for all its members, whatever their number.
 *
 * It also looks after the groups of its members: whoever is dead is removed by the first that notices. A session that was
 * itself held up (a stopped process, a busy event loop) is patient with the others, who may have been too.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { Environment } from '../../storage/environment.ts'
import type { Groups } from './groups.ts'

/** A member, as its session sees it. */
export interface SessionMember {
  readonly group: string
  readonly heartbeatMs: number
  /** Called with every beat. */
  beat(): void
  /** The heartbeat cannot go on. */
  fail(error: unknown): void
}

export class GroupSession {
  readonly id: string = randomUUID()
  readonly #environment: Environment
  readonly #groups: Groups
  readonly #clock: Clock
  readonly #members = new Set<SessionMember>()
  #cancel: (() => void) | undefined
  #lastBeatMs = 0
  #wasHeldUp = false

  constructor(environment: Environment, groups: Groups, clock: Clock) {
    this.#environment = environment
    this.#groups = groups
    this.#clock = clock
  }

  add(member: SessionMember): void {
    this.#members.add(member)
    this.#lastBeatMs = this.#clock.elapsed()
    this.#schedule()
  }

  /** The last one takes the row of the session with it. */
  remove(member: SessionMember): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
    if (!this.#environment.isClosed) this.#groups.endSession(this.id)
  }

  #schedule(): void {
    this.#cancel?.()
    this.#cancel = this.#clock.schedule(this.#intervalMs(), () => this.#beat(), 'background')
  }

  #intervalMs(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { heartbeatMs } of this.#members) least = Math.min(least, heartbeatMs)
    return least
  }

  #beat(): void {
    this.#cancel = undefined
    if (this.#environment.isClosed) return
    try {
      const nowMs = this.#clock.elapsed()
      const isHeldUp = nowMs - this.#lastBeatMs >= 2 * this.#intervalMs()
      // Only once in a row: where every beat is late, the dead would live for ever.
      if (isHeldUp && !this.#wasHeldUp) this.#groups.bePatient()
      this.#wasHeldUp = isHeldUp
      this.#lastBeatMs = nowMs
      this.#environment.write((transaction) => this.#groups.beat(transaction, this.id))
      for (const member of this.#members) member.beat()
      this.#settleGroups()
    } catch (error) {
      for (const member of this.#members) member.fail(error)
      return
    }
    if (this.#members.size > 0) this.#schedule()
  }

  #settleGroups(): void {
    const groups = new Set([...this.#members].map(({ group }) => group))
    for (const group of groups) this.#groups.settle(group)
  }
}
