/**
 * What verbs that run a script need of a process: to import a script of a user's, and to start this command line again
 * in a process of its own. Tests give one of their own.
 */
import type { openLog } from '../../log/log.ts'
import type { replay } from '../../replay/replay.ts'
import type { startStreams } from '../../runtime/start-streams.ts'
import type { StreamsBuilder } from '../../streams/streams-builder.ts'
import type { Topology } from '../../streams/topology.ts'
import type { formatTwice } from '../../testing/twice-report.ts'
import type { twice } from '../../testing/twice.ts'

/** What a script gets when it imports `millrace`: it runs on that copy, which need not be the one of this command. */
export interface Library {
  readonly openLog: typeof openLog
  readonly startStreams: typeof startStreams
  readonly replay: typeof replay
  readonly StreamsBuilder: typeof StreamsBuilder
  readonly Topology: typeof Topology
}

/** `millrace/testing` of the same copy. */
export interface Testing {
  readonly twice: typeof twice
  readonly formatTwice: typeof formatTwice
}

/** A script that was imported. */
export interface Script {
  /** As it was typed. */
  readonly path: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly library: Library
  readonly testing: () => Promise<Testing>
  /** Rejects when it throws where no one catches it: the process may be in any state then, and has to end. */
  readonly failed: Promise<never>
}

/** What an import needs. */
export interface ImportOptions {
  /** Warnings of the process go here. */
  readonly say: (text: string) => void
  /** Gives up. */
  readonly signal: AbortSignal
}

/** This command line in a process of its own. */
export interface OwnProcess {
  /** Calls back with each file that its script is made of, also with one that is missing. */
  onFile(tell: (path: string) => void): void
  /** Resolves with its exit code; null when a signal ended it. Rejects when it could not be started. */
  readonly ended: Promise<number | null>
  /** As SIGTERM does: it commits and closes. */
  stop(): void
  kill(): void
}

export interface Scripts {
  /**
   * Imports a script, and has the process for it from then on.
   *
   * @throws NothingFound when there is none, CommandFailed when it cannot be imported, whatever is wrong with it
   */
  import(path: string, options: ImportOptions): Promise<Script>
  /**
   * Starts this command line again, on the same terminal, without this option.
   *
   * @throws CommandFailed when that cannot be
   */
  start(without: string): OwnProcess
}
