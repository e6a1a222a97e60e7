/**
 * What a replay answers while it runs, and after a switch.
 */
import type { Observable } from 'rxjs'
import type { ApplicationLog } from '../log/contract.ts'
import type { SwitchOptions, SwitchPlan } from '../log/admin/switch-face.ts'
import type { Log } from '../log/face.ts'
import { versionLive } from '../log/kept/version-removal.ts'
import type { VersionId } from '../log/kept/version-name.ts'
import { compareWithLive } from './compare-with-live.ts'
import type { CompareOptions, ComparisonReport } from './comparison-face.ts'
import type { Courtesy } from './courtesy.ts'
import type { Replay, ReplayProgress } from './face.ts'
import type { LivePosition } from './live-position.ts'
import type { ProgressOfReplay } from './progress.ts'
import type { Succession } from './succession.ts'

export class RunningReplay implements Replay {
  readonly applicationId: string
  readonly version: string
  readonly #log: ApplicationLog
  readonly #admin: Log['admin']
  readonly #apps: Succession
  readonly #pace: Courtesy
  readonly #position: LivePosition
  readonly #progress: ProgressOfReplay

  constructor(
    { applicationId, version }: VersionId,
    log: ApplicationLog,
    admin: Log['admin'],
    apps: Succession,
    pace: Courtesy,
    position: LivePosition,
    progress: ProgressOfReplay,
  ) {
    this.applicationId = applicationId
    this.version = version
    this.#log = log
    this.#admin = admin
    this.#apps = apps
    this.#pace = pace
    this.#position = position
    this.#progress = progress
  }

  get stopped(): Promise<void> {
    return this.#apps.stopped
  }

  get state(): Replay['state'] {
    return this.#apps.state
  }

  get store(): Replay['store'] {
    const { app } = this.#apps.current
    return app.store.bind(app)
  }

  get progress$(): Observable<ReplayProgress> {
    return this.#progress.all$
  }

  progress(): ReplayProgress {
    return this.#progress.now()
  }

  metrics(): ReturnType<Replay['metrics']> {
    return { ...this.#apps.current.app.metrics(), state: this.state }
  }

  async pause(): Promise<void> {
    await this.#admin.pauseVersion(this.applicationId, this.version)
    const rest = this.#pace.untilRest()
    this.#apps.current.app.wake()
    await Promise.race([rest, this.stopped])
  }

  resume(): Promise<void> {
    return this.#admin.resumeVersion(this.applicationId, this.version)
  }

  async caughtUp(): Promise<void> {
    for (;;) {
      const run = this.#apps.current
      try {
        return await run.app.caughtUp()
      } catch (error) {
        if (await this.#apps.hasNext(run)) continue
        void this.stopped.catch(() => undefined) // it is told here
        throw error
      }
    }
  }

  async compare(options?: CompareOptions): Promise<ComparisonReport> {
    this.#checkBeside()
    return compareWithLive(this.#log, this, options, () => this.#hold())
  }

  /** It goes no further than the live version is now, until the returned function is called. */
  #hold(): () => void {
    const { app } = this.#apps.current
    const release = this.#position.hold(app.lanes)
    app.lookAgain()
    return () => {
      release()
      app.lookAgain()
    }
  }

  async switch(options: SwitchOptions): Promise<SwitchPlan> {
    const run = this.#apps.current
    const plan = await this.#admin.switchVersion(this.applicationId, this.version, options)
    if (options.dryRun !== true) await this.#apps.hasNext(run)
    return plan
  }

  close(): Promise<void> {
    return this.#apps.close()
  }

  async cancel(): Promise<void> {
    this.#checkBeside()
    await this.close()
    await this.#log.removeVersion(this)
  }

  /** @throws MillraceError `version_live` */
  #checkBeside(): void {
    if (this.#apps.isLive) throw versionLive(this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
