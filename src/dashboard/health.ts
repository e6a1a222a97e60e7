/**
 * What probes ask: whether this process answers and the log can be read (`/healthz`), and whether what should run does
 * (`/readyz`).
 */
import { hostname } from 'node:os'
import { checkName } from '../core/checks.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../log/face.ts'
import { Fresh } from './fresh.ts'
import type { Trouble, VersionView } from './views.ts'
import type { Change, Watch } from './watch.ts'

export interface Health {
  readonly isOk: boolean
  /** Why it is not, in a sentence each. */
  readonly reasons: readonly string[]
}

interface Seen {
  readonly of: Change
  readonly live: readonly VersionView[]
  readonly broken: readonly Trouble[]
}

export class Probes {
  readonly #watch: Watch
  readonly #alive: Fresh<Health>
  /** Applications that were seen to run in this process. */
  readonly #ranHere = new Set<string>()
  #known: Seen | undefined

  constructor(log: Log, clock: Clock, watch: Watch) {
    this.#watch = watch
    this.#alive = new Fresh(clock, () => readable(log))
  }

  /** Whether the log can be read. */
  alive(): Promise<Health> {
    return this.#alive.get()
  }

  /**
   * Whether these applications run, in whatever process, and nothing about them is broken. Without any: those that run
   * in this process, or did. In a process without any: only whether something is broken, in the whole log.
   *
   * @throws MillraceError `bad_option`
   */
  async ready(applications: readonly string[]): Promise<Health> {
    const named = applications.map((id) => checkName('an application id', id))
    const alive = await this.alive()
    if (!alive.isOk) return alive
    await this.#watch.sampleIfDue()
    const { live, broken } = this.#seen()
    this.#noteHere(live)
    const wanted = named.length > 0 ? named : [...this.#ranHere]
    const whatOf = (place: string): string[] => broken.filter(({ at }) => at === place).map(({ what }) => what)
    const about = ({ applicationId, version }: VersionView): string[] =>
      whatOf(`/applications/${applicationId}/${version}`)
    const notRunning = (id: string): string[] => {
      const version = live.find(({ applicationId }) => applicationId === id)
      if (version === undefined) return [`There is no live version of ${id}.`]
      const whys = about(version)
      return whys.length > 0 || version.state === 'running' ? whys : [`${id} does not run.`]
    }
    const reasons = [...whatOf('/'), ...(wanted.length > 0 ? wanted.flatMap(notRunning) : live.flatMap(about))]
    return { isOk: reasons.length === 0, reasons }
  }

  #noteHere(live: readonly VersionView[]): void {
    for (const { applicationId, state, instance } of live) {
      const isHere = instance?.pid === process.pid && instance.host === hostname()
      if (state === 'running' && isHere) this.#ranHere.add(applicationId)
    }
    for (const id of this.#ranHere) {
      if (!live.some(({ applicationId }) => applicationId === id)) this.#ranHere.delete(id) // it was deleted
    }
  }

  /** What the last sample says: read once for all who ask until the next one. */
  #seen(): Seen {
    const { now } = this.#watch
    if (this.#known?.of === now) return this.#known
    const parts = <T>(wanted: RegExp): T[] =>
      [...now.parts].filter(([name]) => wanted.test(name)).map(([, part]) => JSON.parse(part) as T)
    const live = parts<VersionView>(/^application\//).filter((version) => version.isLive)
    const troubles = parts<readonly Trouble[]>(/^troubles$/).flat()
    return (this.#known = { of: now, live, broken: troubles.filter(({ level }) => level === 'broken') })
  }
}

async function readable({ admin }: Log): Promise<Health> {
  try {
    await admin.stats()
    await admin.listTopics()
    return { isOk: true, reasons: [] }
  } catch (error) {
    return { isOk: false, reasons: [`The log cannot be read: ${messageOf(error)}`] }
  }
}
