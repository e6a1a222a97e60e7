/**
 * A reader that makes the file grow: while it reads an old snapshot, pages that were freed since are not used again.
 */
import type { LogReader } from '../storage/statistics.ts'

/** Far more than any page that is read takes. */
const commitsBehindMax = 1_000

/** The reader of the oldest snapshot, if that is an old one. */
export function oldSnapshotOf(
  readers: readonly LogReader[],
): { readonly pid: number; readonly commits: number } | undefined {
  const [worst] = readers.toSorted((a, b) => (b.commitsBehind ?? 0) - (a.commitsBehind ?? 0))
  const commits = worst?.commitsBehind ?? 0
  return worst === undefined || commits < commitsBehindMax ? undefined : { pid: worst.pid, commits }
}

/** What it does and what to do about it: each a sentence without its capital and full stop. */
export function shownSnapshot(pid: number, commits: string): { readonly what: string; readonly advice: string } {
  return {
    what: `process ${pid} reads a snapshot that is ${commits} commits old: the file grows, because nothing freed since is used again`,
    advice: 'see whether it makes a backup; end it if it hangs',
  }
}
