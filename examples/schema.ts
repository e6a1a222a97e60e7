/**
 * Schemas: zod, valibot or any other Standard Schema types a topic's values and checks them, written and read.
 */
import { rm } from 'node:fs/promises'
import { json, MillraceError, msgpack, openLog, string, topic } from 'millrace'
import * as v from 'valibot'
import { z } from 'zod'

const signUps = topic('sign-ups', {
  key: string(),
  value: json(z.object({ email: z.email(), plan: z.enum(['free', 'team']) })),
})

const payments = topic('payments', {
  key: string(),
  value: msgpack(v.object({ cents: v.pipe(v.number(), v.integer()), currency: v.string() })),
})

const dir = './data/schema'
await rm(dir, { recursive: true, force: true }) // so that every run prints the same; a real program keeps its log
await using log = await openLog(dir)
const producer = log.producer()

await producer.send(signUps, { key: 'ann', value: { email: 'ann@example.org', plan: 'team' } })
await producer.send(payments, { key: 'ann', value: { cents: 4_900, currency: 'EUR' } })

const refused = (error: unknown): void => {
  if (!(error instanceof MillraceError)) throw error
  console.log(`${error.code}: ${error.message}`)
}
await producer.send(signUps, { key: 'bob', value: { email: 'bob', plan: 'free' } }).catch(refused)
await producer.send(payments, { key: 'bob', value: { cents: 0.5, currency: 'EUR' } }).catch(refused)

for await (const { key, value } of log.read(signUps)) console.log(key, value.plan.toUpperCase())
for await (const { key, value } of log.read(payments)) console.log(key, value.cents / 100, value.currency)
