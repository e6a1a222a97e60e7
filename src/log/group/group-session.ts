/**
 * The heartbeat of an open log: one small durable commit per interval speaks for all its members, whatever their
 * number.
 *
 * It also looks after the groups of its members: the first session that notices a dead member removes it. A member that
 * has all it should have waits for no one, so it checks several times a second whether other sessions have ended:
 * otherwise no member would take over from a process that was killed. A session that was itself held up (a stopped
 * process, a busy event loop) is patient with the others, who may have been held up too.
 */
import type { Clock } from '../../core/clock.ts'
import { andThen } from '../../core/promises.ts'
import type { Environment } from '../../storage/environment.ts'
import type { SessionOwner } from '../../storage/sessions.ts'
import type { Member } from './group.ts'
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

/** How often to check whether sessions have ended; each check takes a few µs for each member of the group. */
const lookMs = 250

export class GroupSession {
  readonly #environment: Environment
  readonly #groups: Groups
  readonly #clock: Clock
  /** By member id. */
  readonly #members = new Map<string, SessionMember>()
  #owner: SessionOwner | undefined
  #cancel: (() => void) | undefined
  #cancelLook: (() => void) | undefined
  #lastBeatMs = 0
  #wasHeldUp = false

  constructor(environment: Environment, groups: Groups, clock: Clock) {
    this.#environment = environment
    this.#groups = groups
    this.#clock = clock
  }

  /**
   * Who speaks for the members that join from here.
   *
   * @throws MillraceError `storage_failed`
   */
  begin(): SessionOwner {
    const { sessions } = this.#environment
    if (this.#owner === undefined || !sessions.isInPlace(this.#owner.id)) {
      // Members without any session come from a restored backup.
      if (!sessions.haveBegun) for (const name of this.#groups.names()) this.#groups.settle(name)
      this.#owner = sessions.begin()
    }
    return this.#owner
  }

  add(memberId: string, member: SessionMember): void {
    this.#members.set(memberId, member)
    this.#lastBeatMs = this.#clock.elapsed()
    this.#schedule()
    this.#cancelLook ??= this.#scheduleLook()
  }

  /** The last one takes the row of the session with it. */
  remove(memberId: string): void {
    if (!this.#members.delete(memberId) || this.#members.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
    this.#cancelLook?.()
    this.#cancelLook = undefined
    if (this.#owner !== undefined && !this.#environment.isClosed) this.#groups.endSession(this.#owner.id)
  }

  /**
   * Whether a row names this session as the one that speaks for a member, but it does not: it adds and removes a member
   * in one step with the row, so such a row was damaged. Nothing would ever remove the member.
   */
  disowns({ memberId, sessionId }: Member): boolean {
    return sessionId !== undefined && sessionId === this.#owner?.id && !this.#members.has(memberId)
  }

  #schedule(): void {
    this.#cancel?.()
    this.#cancel = this.#clock.schedule(this.#intervalMs(), () => this.#beat(), 'background')
  }

  #intervalMs(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { heartbeatMs } of this.#members.values()) least = Math.min(least, heartbeatMs)
    return least
  }

  #beat(): void {
    this.#cancel = undefined
    this.#inTurn(
      () => this.#beatNow(),
      () => this.#schedule(),
    )
  }

  #beatNow(): void {
    const nowMs = this.#clock.elapsed()
    const isHeldUp = nowMs - this.#lastBeatMs >= 2 * this.#intervalMs()
    // Only once in a row: where every beat is late, the dead would live for ever.
    if (isHeldUp && !this.#wasHeldUp) this.#groups.bePatient()
    this.#wasHeldUp = isHeldUp
    this.#lastBeatMs = nowMs
    const { id } = this.begin()
    this.#environment.write((transaction) => this.#groups.beat(transaction, id))
    for (const member of this.#members.values()) member.beat()
    for (const group of this.#groupNames()) this.#groups.settle(group)
  }

  /** Members learn of a failure; without one, and while there are members, it goes on with `next`. */
  #inTurn(step: () => void, next: () => void): void {
    if (this.#environment.isClosed) return
    const isNeeded = (): boolean => this.#members.size > 0 && !this.#environment.isClosed
    const failed = (error: unknown): void => {
      for (const member of this.#members.values()) member.fail(error)
    }
    try {
      const done = andThen(
        this.#environment.inTurn(() => isNeeded() && step()),
        () => isNeeded() && next(),
      )
      if (done instanceof Promise) done.catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  #scheduleLook(): () => void {
    return this.#clock.schedule(lookMs, () => this.#look(), 'background')
  }

  #look(): void {
    this.#cancelLook = undefined
    this.#inTurn(
      () => {
        for (const group of this.#groupNames()) this.#groups.removeGone(group)
      },
      () => {
        this.#cancelLook ??= this.#scheduleLook()
      },
    )
  }

  #groupNames(): Set<string> {
    return new Set([...this.#members.values()].map(({ group }) => group))
  }
}
