// What a program says before it does anything else: it is in the pipe when this returns, whatever kills the program then.
import { writeSync } from 'node:fs'

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Writes a line to stdout; waits while the reader is behind and the pipe is full. */
export function say(line: string): void {
  const bytes = Buffer.from(`${line}\n`)
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(1, bytes, written)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(sleeper, 0, 0, 1)
    }
  }
}
