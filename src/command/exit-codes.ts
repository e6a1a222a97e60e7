/**
 * How a command ends: what its exit code says, and the errors that choose one.
 */

/** `nothingFound`: the question was fine, and what it asked for is not there. */
export const exitCodes = { done: 0, failed: 1, usage: 2, nothingFound: 3 } as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The command line makes no sense: nothing was done. */
export class UsageError extends Error {}

/** What was asked for could not be done, for a reason that the message says whole. */
export class CommandFailed extends Error {}

/** What was asked for does not exist, or no record matched. */
export class NothingFound extends Error {}

/** The reader of the output has gone, as `head` does: no one wants the rest, and nothing is wrong. */
export class OutputClosed extends Error {}
