/**
 * Says once why a member of a group has to wait for its partitions: a consumer that is silent looks broken.
 */
import type { Clock } from '../../core/clock.ts'
import { isHeard, publish } from '../../core/diagnostics.ts'
import { awaited, type Group, type Member } from '../group/group.ts'

/** The code of the warning. */
export const waitWarning = 'MILLRACE_WAITS_FOR_PARTITIONS'

/** Longer than partitions take to move between members that are alive and ask for records. */
const patienceMs = 2_000

export class WaitWarning {
  readonly #group: string
  readonly #clock: Clock
  readonly #lastBeatMs: (member: Member) => number
  #cancel: (() => void) | undefined
  #isTold = false

  constructor(group: string, clock: Clock, lastBeatMs: (member: Member) => number) {
    this.#group = group
    this.#clock = clock
    this.#lastBeatMs = lastBeatMs
  }

  /** Called with what a member sees of its group each time it checks; `look` returns what it sees later. */
  watch(group: Group, member: Member, look: () => Group | undefined): void {
    if (this.#isTold) return
    if (this.#why(group, member) === undefined) this.stop()
    else this.#cancel ??= this.#clock.schedule(patienceMs, () => this.#tell(member.memberId, look()), 'background')
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #tell(memberId: string, group: Group | undefined): void {
    this.#cancel = undefined
    const member = group?.members.find((other) => other.memberId === memberId)
    const why = group && member && this.#why(group, member)
    if (why === undefined) return
    this.#isTold = true
    if (isHeard('millrace:waiting-for-members')) {
      const waitsFor = why.holders.map((holder) => {
        return {
          memberId: holder.memberId,
          pid: holder.pid,
          host: holder.host,
          lastHeartbeatMs: this.#lastBeatMs(holder),
        }
      })
      publish('millrace:waiting-for-members', { group: this.#group, memberId, waitsFor })
    }
    process.emitWarning(`"${memberId}" of the group "${this.#group}" waits for partitions: ${why.text}`, {
      type: 'MillraceWarning',
      code: waitWarning,
    })
  }

  /** Undefined when no other member has anything that it waits for. */
  #why(group: Group, member: Member): { readonly text: string; readonly holders: readonly Member[] } | undefined {
    const missing = awaited(group, member)
    if (missing.length > 0) {
      const holders = [...new Set(missing.map(({ holder }) => holder))]
      const text =
        `${missing.length} of them are still with ${this.#names(holders)}. A member gives them up when ` +
        'its loop asks for the next record, at the latest after its maxPollIntervalMs; one that is frozen loses them ' +
        `after its session timeout (${Math.max(...holders.map(({ sessionTimeoutMs }) => sessionTimeoutMs))} ms)`
      return { text, holders }
    }
    if (member.owned.length > 0 || member.target.length > 0) return undefined
    const holders = group.members.filter(({ owned }) => owned.length > 0)
    if (holders.length === 0) return undefined
    const count = holders.reduce((sum, { owned }) => sum + owned.length, 0)
    const text =
      `the group has ${group.members.length} members and no partition left for this one: all ${count} are with ` +
      `${this.#names(holders)}. It gets some when one of them leaves`
    return { text, holders }
  }

  #names(members: readonly Member[]): string {
    const nowMs = this.#clock.now()
    const names = members.map((member) => {
      const { memberId, pid, host } = member
      return `"${memberId}" (process ${pid} on ${host}, last heard from ${Math.max(0, nowMs - this.#lastBeatMs(member))} ms ago)`
    })
    return names.join(', ')
  }
}
