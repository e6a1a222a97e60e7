/**
 * Sends the lines of a stream as records: chunk by chunk, or all of them in one commit.
 */
import { MillraceError, messageOf } from '../core/errors.ts'
import { bytes, nullable } from '../core/serdes.ts'
import { topic as topicConstant } from '../core/topic.ts'
import type { Log } from '../log/face.ts'
import type { Compression } from '../log/format/compression.ts'
import type { Producer } from '../log/producer/face.ts'
import { CommandFailed } from './exit-codes.ts'
import type { Lines } from './lines.ts'
import { UnfitText } from '../inspect/unfit-text.ts'
import type { RawInput } from './record-input.ts'

export interface SendOptions {
  readonly topic: string
  readonly recordOf: (line: Uint8Array) => RawInput
  /** How often each line is sent. */
  readonly times: number
  readonly compression: Compression | undefined
}

/** How many bytes one commit may take: all of it is held in memory. */
const atomicBytesMax = 256 * 1_048_576

/** Long enough to gather chunks of a fast stream into a commit, too short to be noticed. */
const lingerMs = 5

/** The records of each chunk are all written or none of them, in the order of the lines. */
export async function sendLines(
  log: Log,
  lines: AsyncIterable<Lines>,
  options: SendOptions,
  onWritten: (count: number) => void,
): Promise<void> {
  const producer = log.producer({ lingerMs, compression: options.compression })
  const constant = constantOf(options.topic)
  const failures: Error[] = []
  const send = (first: number, records: readonly RawInput[]): void => {
    producer.sendMany(constant, records).then(
      ({ count }) => onWritten(count),
      (error: unknown) => failures.push(inLines(error, first, records.length)),
    )
  }
  try {
    for await (const { first, lines: texts } of lines) {
      const { records, unfit } = recordsOf(first, texts, options)
      for (let time = 0; time < options.times && records.length > 0 && failures.length === 0; time++) {
        send(first, records)
        await producer.ready()
      }
      if (failures.length > 0) break
      if (unfit !== undefined) throw unfit
    }
  } finally {
    await producer.close()
  }
  const [failure] = failures
  if (failure !== undefined) throw failure
}

/** All of it is one commit: after a crash, or an error, nothing of it is there. */
export async function sendAtOnce(
  log: Log,
  lines: AsyncIterable<Lines>,
  options: SendOptions,
  signal: AbortSignal,
): Promise<number> {
  const all: RawInput[] = []
  for await (const { first, lines: texts } of lines) {
    const { records, unfit } = recordsOf(first, texts, options)
    if (unfit !== undefined) throw unfit
    for (const record of records) all.push(record)
  }
  if (signal.aborted || all.length === 0) return 0
  const { compression, times, topic } = options
  const repeated = times === 1 ? all : Array.from({ length: times }, () => all).flat()
  const producer: Producer = log.producer({ compression, bufferBytes: atomicBytesMax })
  const { count } = await producer.sendMany(constantOf(topic), repeated)
  await producer.close()
  return count
}

function constantOf(topic: string): ReturnType<typeof topicConstant<Uint8Array | null, Uint8Array | null>> {
  return topicConstant(topic, { key: nullable(bytes()), value: nullable(bytes()) })
}

/** The records up to the first line that is none, and what is wrong with that. */
function recordsOf(
  first: number,
  lines: readonly Uint8Array[],
  { recordOf }: SendOptions,
): { readonly records: readonly RawInput[]; readonly unfit: CommandFailed | undefined } {
  const records: RawInput[] = []
  for (const line of lines) {
    try {
      records.push(recordOf(line))
    } catch (error) {
      if (!(error instanceof UnfitText)) throw error
      return { records, unfit: new CommandFailed(`line ${first + records.length}: ${error.message}`) }
    }
  }
  return { records, unfit: undefined }
}

function inLines(error: unknown, first: number, count: number): Error {
  if (!(error instanceof MillraceError)) return new Error(messageOf(error), { cause: error })
  const where = count === 1 ? `line ${first}` : `lines ${first} to ${first + count - 1}`
  return new MillraceError(error.code, `${where} were not written: ${error.message}`, { cause: error })
}
