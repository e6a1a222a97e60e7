/**
 * The applications that one replay runs after one another: the version beside the live one and, once a switch has made
 * it the live one, the same version as that. Who holds the replay sees one that goes on.
 */
import { isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { ApplicationLog, Session } from '../log/contract.ts'
import { besideName, type VersionId } from '../log/kept/version-name.ts'
import type { RunningApplication } from '../runtime/application.ts'
import type { ApplicationState } from '../runtime/face.ts'
import type { Settings } from '../runtime/settings.ts'
import { tellState } from '../runtime/state-listener.ts'

/** An application and the session that it runs on. */
export interface Run {
  readonly app: RunningApplication
  readonly session: Session
}

type OnStateChange = Settings['onStateChange']

/** How each of the applications is started. */
export interface Runs {
  beside(onStateChange: OnStateChange): Run
  live(onStateChange: OnStateChange): Promise<Run>
}

export class Succession {
  /** Settles when the last of the applications has stopped. */
  readonly stopped: Promise<void>
  readonly #log: ApplicationLog
  readonly #version: VersionId
  readonly #runs: Runs
  readonly #settings: Pick<Settings, 'signal' | 'onStateChange'>
  #run: Run
  #isLive = false
  #isClosing = false
  #told: ApplicationState | undefined
  #ended: ApplicationState | undefined
  readonly #waiting: (() => void)[] = []

  constructor(
    log: ApplicationLog,
    version: VersionId,
    runs: Runs,
    settings: Pick<Settings, 'signal' | 'onStateChange'>,
  ) {
    this.#log = log
    this.#version = version
    this.#runs = runs
    this.#settings = settings
    this.#run = runs.beside((state) => this.#heard(state))
    this.stopped = this.#live()
  }

  /** The application that runs now. */
  get current(): Run {
    return this.#run
  }

  /** Whether it is the one after a switch. */
  get isLive(): boolean {
    return this.#isLive
  }

  get state(): ApplicationState {
    if (this.#ended !== undefined) return this.#ended
    const { state } = this.#run.app
    if (state !== 'failed') return state
    return this.#isClosing ? 'closing' : 'running' // the next one is about to start
  }

  /** Resolves when another application has begun after this one: true; or when there will be none: false. */
  async hasNext({ app }: Run): Promise<boolean> {
    if (this.#run.app === app && this.#ended === undefined) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
    return this.#run.app !== app
  }

  async close(): Promise<void> {
    this.#isClosing = true
    if (this.state === 'failed') return
    void this.#run.app.close().catch(() => undefined) // `stopped` tells it
    await this.stopped
  }

  async #live(): Promise<void> {
    try {
      while (!(await this.#hasClosed())) await this.#goOn()
      this.#end('closed')
    } catch (error) {
      this.#end('failed')
      throw error
    }
  }

  /** False when its version has become the live one instead. */
  async #hasClosed(): Promise<boolean> {
    try {
      await this.#run.app.stopped
      return true
    } catch (error) {
      if (!isInstance(error, MillraceError) || error.code !== 'superseded') throw error
      if (this.#isLive || !this.#hasMoved()) throw error
      return this.#isClosing || this.#settings.signal?.aborted === true
    }
  }

  /** Nothing stands beside under its name any longer: it has moved. */
  #hasMoved(): boolean {
    return this.#log.find(besideName(this.#version)) === undefined
  }

  async #goOn(): Promise<void> {
    this.#run = await this.#runs.live((state) => this.#heard(state))
    this.#isLive = true
    this.#answer()
    if (this.#isClosing) void this.#run.app.close().catch(() => undefined) // `stopped` tells it
  }

  /** That one of the applications has failed is not the end yet. */
  #heard(state: ApplicationState): unknown {
    if (state === 'failed' || state === this.#told) return undefined
    this.#told = state
    return this.#settings.onStateChange?.(state)
  }

  #answer(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #end(state: 'closed' | 'failed'): void {
    this.#ended = state
    this.#answer()
    const { applicationId } = this.#version
    if (state === 'failed') tellState(applicationId, this.#settings.onStateChange, state)
    if (state === 'failed' || this.#told === 'closed') return
    // It was closed after one application had failed and before the next began.
    for (const each of ['closing', 'closed'] as const) tellState(applicationId, (one) => this.#heard(one), each)
  }
}
