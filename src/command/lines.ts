/**
 * The lines of a stream, as bytes: those of each chunk at once. The last one may lack its line break.
 */
import { addAbortSignal, type Readable } from 'node:stream'
import { CommandFailed } from './exit-codes.ts'

const lineBreak = 10

/** Lines without their `\n`, and the number of the first, from 1. */
export interface Lines {
  readonly first: number
  readonly lines: readonly Uint8Array[]
}

/**
 * Stopping ends the input, and drops a line that has only begun.
 *
 * @param bytesMax how long a line may be: what is longer would be gathered without end
 * @throws CommandFailed for a line that is longer
 */
export async function* linesOf(
  input: Readable,
  bytesMax: number,
  signal: AbortSignal,
): AsyncGenerator<Lines, void, undefined> {
  /** The beginning of a line that goes on in the next chunk. */
  let begun: Buffer[] = []
  let begunBytes = 0
  let first = 1
  for await (const part of untilAborted(input, signal)) {
    const chunk = Buffer.isBuffer(part) ? part : Buffer.from(String(part))
    const lines: Uint8Array[] = []
    let start = 0
    for (let end = chunk.indexOf(lineBreak); end >= 0; end = chunk.indexOf(lineBreak, start)) {
      const rest = chunk.subarray(start, end)
      lines.push(begun.length === 0 ? rest : Buffer.concat([...begun, rest]))
      begun = []
      begunBytes = 0
      start = end + 1
    }
    if (start < chunk.length) {
      begun.push(chunk.subarray(start))
      begunBytes += chunk.length - start
      if (begunBytes > bytesMax) {
        throw new CommandFailed(
          `line ${first + lines.length} is longer than ${bytesMax} bytes, the most the topic takes`,
        )
      }
    }
    if (lines.length === 0) continue
    yield { first, lines }
    first += lines.length
  }
  if (begun.length > 0 && !signal.aborted) yield { first, lines: [Buffer.concat(begun)] }
}

async function* untilAborted(input: Readable, signal: AbortSignal): AsyncGenerator<unknown, void, undefined> {
  try {
    yield* addAbortSignal(signal, input)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
