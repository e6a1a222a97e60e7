/**
 * The lines that could not be read, out of the dead-letter topic of the application.
 */
import { bytes, type Log, string, topic } from 'millrace'
import { printable } from './drawing.ts'
import { readAll } from './read-all.ts'

interface DeadLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** A code of millrace, such as `undecodable`. */
  readonly reason: string
  /** What is wrong, in words. */
  readonly message: string
  readonly line: string
}

/** Every record that failed, with where it stands and why. */
export async function* deadLetters(log: Log, applicationId: string): AsyncGenerator<DeadLetter> {
  const letters = topic(`${applicationId}.dead-letters`, { key: string(), value: bytes() })
  for await (const { value, headers } of readAll(log, letters)) {
    const header = (name: string): string => {
      const found = headers.find(({ key }) => key === `millrace.${name}`)
      return Buffer.from(found?.value ?? []).toString()
    }
    yield {
      topic: header('topic'),
      partition: Number(header('partition')),
      offset: Number(header('offset')),
      reason: header('reason'),
      message: header('message'),
      line: Buffer.from(value).toString(),
    }
  }
}

export function drawDeadLetter({ reason, message, line }: DeadLetter): string {
  return `${reason}: ${printable(message)}\n    ${printable(line)}\n`
}
