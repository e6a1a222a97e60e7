/**
 * What a command runs in: the streams, the clock and the signals of a process, or of a test.
 */
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../core/clock.ts'
import type { Scripts } from './script/scripts.ts'

/** A stream that may be a terminal. */
export type HostOutput = Writable & {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** A stream that may be a terminal, which can give each key as it is pressed. */
export type HostInput = Readable & {
  readonly isTTY?: boolean | undefined
  readonly setRawMode?: ((isRaw: boolean) => unknown) | undefined
}

export interface Host {
  /** Asked for only by a command that reads it: touching the standard input of a process opens it. */
  readonly stdin: () => HostInput
  /** Data, and nothing else. */
  readonly stdout: HostOutput
  /** Talk: progress, questions, complaints. */
  readonly stderr: HostOutput
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Aborts when the command is to stop, as with Ctrl-C: what is under way is finished, and the log closed. */
  readonly signal: AbortSignal
  /** The command line that starts this command once more, in a process of its own: arguments are to follow. */
  readonly self: readonly string[]
  /** Asked for only by a command that runs code of a user's. */
  readonly scripts: () => Promise<Scripts>
}
