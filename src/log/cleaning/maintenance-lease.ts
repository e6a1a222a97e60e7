/**
 * Says which open log does the maintenance: a row that runs out by itself, so that one which dies keeps no one waiting
 * long.
 *
 * It saves work and is no lock: a process that finds it free may begin, and only rounds of more than one step take it.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { Environment } from '../../storage/environment.ts'

const leaseKey = Buffer.from('maintenance')
const leaseMs = 5_000

interface Lease {
  readonly owner: string
  readonly untilMs: number
}

export class MaintenanceLease {
  readonly #environment: Environment
  readonly #clock: Clock
  readonly #owner = randomUUID()

  constructor(environment: Environment, clock: Clock) {
    this.#environment = environment
    this.#clock = clock
  }

  /** Whether no one else holds it. */
  isFree(): boolean {
    const lease = this.#read()
    return lease === undefined || lease.owner === this.#owner || !this.#isValid(lease)
  }

  /** Takes it from its holder, and keeps it from running out. */
  hold(): void {
    const lease = this.#read()
    const nowMs = this.#clock.now()
    if (lease?.owner === this.#owner && lease.untilMs > nowMs + leaseMs / 2) return
    const stored = Buffer.from(JSON.stringify({ owner: this.#owner, untilMs: nowMs + leaseMs } satisfies Lease))
    this.#environment.write((transaction) => transaction.put('meta', leaseKey, stored))
  }

  release(): void {
    if (this.#read()?.owner !== this.#owner) return
    this.#environment.write((transaction) => {
      if (this.#read()?.owner === this.#owner) transaction.remove('meta', leaseKey)
    })
  }

  /** A lease that reaches further than any can was given by another clock, and counts for nothing. */
  #isValid({ untilMs }: Lease): boolean {
    const leftMs = untilMs - this.#clock.now()
    return leftMs > 0 && leftMs <= leaseMs
  }

  #read(): Lease | undefined {
    this.#environment.refresh()
    const stored = this.#environment.get('meta', leaseKey)
    return stored === undefined ? undefined : (JSON.parse(stored.toString()) as Lease)
  }
}
