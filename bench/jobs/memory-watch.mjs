/**
 * A thread that looks at the memory of its process, also while the main thread is in the middle of a commit.
 */
import { readFileSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

const lookEveryMs = 5
/** Set to 1: stop. Then the most KiB of anonymous memory that were seen. */
const [stopAt, mostAt] = [0, 1]
const shared = new Int32Array(workerData)

do {
  const [, kibibytes] = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  if (kibibytes === undefined) throw new Error('/proc/self/status has no line RssAnon; the figure needs Linux')
  shared[mostAt] = Math.max(shared[mostAt], Number(kibibytes))
} while (Atomics.wait(shared, stopAt, 0, lookEveryMs) === 'timed-out')
