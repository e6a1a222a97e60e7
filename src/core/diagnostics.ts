/**
 * Events for a program's own logger and tracer, over channels of `node:diagnostics_channel`: the one place that knows
 * their names and what each holds. An event is made only where someone listens.
 */
import { type Channel, channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { checkChoice, checkedFunction } from './checks.ts'
import { tellListener } from './listener.ts'

/** What every event of an application has. */
export interface ApplicationEvent {
  /** The application. */
  readonly applicationId: string
  /** Which version of it. */
  readonly version: string
}

/** `millrace:start`: an instance has started in this process, and is about to process its first record. */
export interface StartEvent extends ApplicationEvent {
  /** Source records that it has yet to read. */
  readonly lag: number
}

/** `millrace:takeover`: the instance that starts has stopped one that was running, perhaps in another process. */
export interface TakeoverEvent extends ApplicationEvent {
  /** The one that was running. It may be frozen, and can no longer commit. */
  readonly from: { readonly pid: number; readonly host: string; readonly startedMs: number }
}

/** `millrace:commit`: a commit is durable. */
export interface CommitEvent extends ApplicationEvent {
  /** Source records in it. */
  readonly records: number
  /** How long the commit itself took, with its wait for commits of other processes, in ms. */
  readonly durationMs: number
}

/** `millrace:slow-commit`: a commit took far longer than those before it, or longer than a second. */
export interface SlowCommitEvent extends CommitEvent {
  /** How long commits of this instance usually take, in ms: the moving average, without this one. */
  readonly usualMs: number
  /** The limit that it exceeded, in ms: five times `usualMs`, but at least 100 and at most 1,000. */
  readonly limitMs: number
}

/**
 * `millrace:waiting-for-members`: a member of a group has waited for partitions for two seconds; once for each
 * consumer.
 */
export interface WaitingForMembersEvent {
  /** The group. */
  readonly group: string
  /** The member that waits. */
  readonly memberId: string
  /** The members that have the partitions, and when each last sent a heartbeat, in ms since the epoch. */
  readonly waitsFor: readonly {
    readonly memberId: string
    readonly pid: number
    readonly host: string
    readonly lastHeartbeatMs: number
  }[]
}

/** `millrace:retry`: something that failed is tried again. */
export interface RetryEvent extends ApplicationEvent {
  /** A call of `mapAsync`; or the turn of a record or of another job, with `onError: { retries }`. */
  readonly what: 'call' | 'turn'
  /** The attempt that failed, from 1. */
  readonly attempt: number
  /** How long until the next one, in ms; 0 for a turn. */
  readonly waitMs: number
  /** What it failed with. */
  readonly error: unknown
  /** The operator that failed, if known. */
  readonly operator: string | undefined
  /** The topic of the record; only for the turn of a record. */
  readonly topic: string | undefined
  /** Its partition, or that of the operator. */
  readonly partition: number
  /** Its offset; only for the turn of a record. */
  readonly offset: number | undefined
  /** The id of the call, the same at each attempt; only for a call. */
  readonly callId: string | undefined
}

/**
 * `millrace:drop`: a commit passes over records; one event for each operator, partition and reason. The events add up
 * to the counters of `metrics()`.
 */
export interface DropEvent extends ApplicationEvent {
  /** Whether an operator dropped them, or their turns failed and `onError` passed over them. */
  readonly kind: 'dropped' | 'failed'
  /** The operator; for a record that failed before the first operator, its topic. */
  readonly operator: string
  /** The partition of the task. */
  readonly partition: number
  /** The reason, as in docs/streams.md; the code of the error for those that failed. */
  readonly reason: string
  /** How many. */
  readonly records: number
}

/** `millrace:close`: an instance has committed and closed. */
export type CloseEvent = ApplicationEvent

/**
 * `millrace:fail`: an instance has stopped with an error. Its code says `fenced` when another instance took over, and
 * `superseded` when another version did.
 */
export interface FailEvent extends ApplicationEvent {
  /** What `app.stopped` rejects with. */
  readonly error: unknown
}

/** What each channel tells, by its name. */
export interface DiagnosticEvents {
  /** An instance begins to work. */
  readonly 'millrace:start': StartEvent
  /** It has stopped one that was running. */
  readonly 'millrace:takeover': TakeoverEvent
  /** A commit is durable. */
  readonly 'millrace:commit': CommitEvent
  /** It took much longer than usual. */
  readonly 'millrace:slow-commit': SlowCommitEvent
  /** A consumer waits for partitions of others. */
  readonly 'millrace:waiting-for-members': WaitingForMembersEvent
  /** A call or a turn is tried again. */
  readonly 'millrace:retry': RetryEvent
  /** A commit passes over records. */
  readonly 'millrace:drop': DropEvent
  /** An instance has closed. */
  readonly 'millrace:close': CloseEvent
  /** An instance has failed. */
  readonly 'millrace:fail': FailEvent
}

/** A channel of millrace. */
export type DiagnosticName = keyof DiagnosticEvents

const channels: Readonly<Record<DiagnosticName, Channel>> = {
  'millrace:start': channel('millrace:start'),
  'millrace:takeover': channel('millrace:takeover'),
  'millrace:commit': channel('millrace:commit'),
  'millrace:slow-commit': channel('millrace:slow-commit'),
  'millrace:waiting-for-members': channel('millrace:waiting-for-members'),
  'millrace:retry': channel('millrace:retry'),
  'millrace:drop': channel('millrace:drop'),
  'millrace:close': channel('millrace:close'),
  'millrace:fail': channel('millrace:fail'),
}

/** Ask before you make an event. */
export function isHeard(name: DiagnosticName): boolean {
  return channels[name].hasSubscribers
}

/** Calls every listener before it returns. */
export function publish<N extends DiagnosticName>(name: N, event: DiagnosticEvents[N]): void {
  channels[name].publish(event)
}

/** What {@link diagnostics} is. */
export interface Diagnostics {
  /** Every channel there is. */
  readonly names: readonly DiagnosticName[]
  /**
   * Calls the listener for each event on a channel, of any application of this process, until the returned function is
   * called. It runs synchronously, between turns or commits and never inside a transaction. The application waits for
   * it, so it should be quick. If it throws or rejects, that is a process warning and changes nothing else.
   *
   * @throws MillraceError `bad_option` if there is no such channel
   */
  subscribe<N extends DiagnosticName>(name: N, listener: (event: DiagnosticEvents[N]) => unknown): () => void
}

/**
 * What happens to the applications of this process, for a logger or a tracer: starts, commits, retries, drops and ends.
 * They are channels of `node:diagnostics_channel`, with types, and cost nothing while no one listens.
 *
 * @example
 * ```ts
 * const stop = diagnostics.subscribe('millrace:slow-commit', ({ applicationId, durationMs, usualMs }) => {
 *   console.warn(`a commit of ${applicationId} took ${durationMs} ms instead of ${usualMs} ms`)
 * })
 * stop()
 * ```
 */
export const diagnostics: Diagnostics = Object.freeze({
  names: Object.freeze(Object.keys(channels) as DiagnosticName[]),
  subscribe<N extends DiagnosticName>(name: N, listener: (event: DiagnosticEvents[N]) => unknown): () => void {
    checkChoice('the channel', name, diagnostics.names)
    checkedFunction('the listener', listener)
    let isStopped = false
    const heard = (event: unknown): void => {
      if (isStopped) return
      tellListener(`a listener of ${name}`, () => listener(event as DiagnosticEvents[N])) // only `publish` tells there
    }
    subscribe(name, heard)
    return () => {
      isStopped = true // also for an event that is being told: Node goes on with those who listened when it began
      unsubscribe(name, heard)
    }
  },
})
