// Applications that have passed over records: what the views and the acts of dead letters are tried on.
import { bytes, int64, nullable, string, topic, type Log } from 'millrace'
import { letterHeader } from '../../src/core/letter-headers.ts'
import { start } from './applications.ts'
import { topologyOf } from './topology.ts'

export const numbers = topic('numbers', { key: string(), value: int64() })
const raw = topic('numbers', { key: nullable(bytes()), value: nullable(bytes()) })
export const doubled = topic('doubled', { key: string(), value: int64() })

export const doubling = topologyOf((builder) => {
  builder
    .stream(numbers)
    .mapValues(({ value }) => value * 2, { name: 'double' })
    .to(doubled)
})

/** Records that no int64 is in, a second of event time apart: the application `app` cannot read them. */
export async function sendBad(log: Log, count: number, from: number = 0): Promise<void> {
  const records = Array.from({ length: count }, (_, at) => ({
    key: Buffer.from(`k${from + at}`),
    value: Buffer.from(`bad ${from + at}`),
    timestamp: (from + at) * 1_000,
    headers: [{ key: 'trace', value: Buffer.from(`t${from + at}`) }],
  }))
  await log.producer().sendMany(raw, records)
}

/** The application `app` has run over that many records that it cannot read, and is closed. */
export async function withLetters(log: Log, count: number): Promise<void> {
  const app = await start(log, doubling, { onError: 'deadLetter' })
  await sendBad(log, count)
  await app.caughtUp()
  await app.close()
}

/** The application `app` has passed over many records: its letters, as it would have written them, without their turns. */
export async function withManyLetters(log: Log, count: number): Promise<void> {
  await withLetters(log, 0)
  await writeLetters(log, count)
}

export async function writeLetters(
  log: Log,
  count: number,
  from: number = 0,
  reasonOf: (at: number) => string = () => 'undecodable',
): Promise<void> {
  const letters = topic('app.dead-letters', { key: nullable(bytes()), value: nullable(bytes()) })
  const records = Array.from({ length: count }, (_, at) => ({
    key: Buffer.from(`k${from + at}`),
    value: Buffer.from(`bad ${from + at}`),
    timestamp: (from + at) * 1_000,
    headers: [
      letterHeader('reason', reasonOf(from + at)),
      letterHeader('operator', 'double'),
      letterHeader('topic', 'numbers'),
      letterHeader('partition', '0'),
      letterHeader('offset', String(from + at)),
    ],
  }))
  const producer = log.producer()
  // In small batches, as an application writes them: with each of its turns a few.
  for (let at = 0; at < count; at += 20) await producer.sendMany(letters, records.slice(at, at + 20))
}
