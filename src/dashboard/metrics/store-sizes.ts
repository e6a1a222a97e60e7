/**
 * Sizes of stores, from now and then: to count them takes longer than all the rest, and they change slowly.
 */
import type { ApplicationDescription } from '../../log/admin/application-description.ts'
import type { Log } from '../../log/face.ts'

/** A count serves for this long. */
const countedForMs = 30_000

interface Counted {
  readonly atMs: number
  readonly stores: ApplicationDescription['stores']
}

export class StoreSizes {
  readonly #elapsed: () => number
  readonly #counted = new Map<string, Counted>()

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed
  }

  /** @throws MillraceError `application_unknown`, `version_unknown` */
  async describe(admin: Log['admin'], applicationId: string, version: string): Promise<ApplicationDescription> {
    const name = JSON.stringify([applicationId, version])
    const nowMs = this.#elapsed()
    const known = this.#counted.get(name)
    const isFresh = known !== undefined && nowMs - known.atMs < countedForMs
    const seen = await admin.describeApplication(applicationId, { version, stores: !isFresh })
    if (isFresh) return { ...seen, stores: known.stores }
    this.#forget(nowMs)
    this.#counted.set(name, { atMs: nowMs, stores: seen.stores })
    return seen
  }

  /** What was deleted is not asked for again. */
  #forget(nowMs: number): void {
    for (const [name, { atMs }] of this.#counted) if (nowMs - atMs >= 2 * countedForMs) this.#counted.delete(name)
  }
}
