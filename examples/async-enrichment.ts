/**
 * mapAsync: orders get a rating from a slow service over HTTP, several at a time, each order exactly once and in order.
 */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { int64, json, openLog, seconds, startStreams, string, StreamsBuilder, topic } from 'millrace'

const orders = topic('orders', { key: string(), value: int64() })
const rated = topic('rated-orders', {
  key: string(),
  value: json<{ readonly amount: number; readonly risk: string }>(),
})

/** The service: slow, down now and then, and it never does the work of one key twice. */
const answers = new Map<string, string>()
let requests = 0
await using service = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const key = String(request.headers['idempotency-key'])
  const amount = Number(url.searchParams.get('amount'))
  const isDown = ++requests % 4 === 0
  if (!isDown && !answers.has(key)) answers.set(key, amount > 500 ? 'high' : 'low')
  void setTimeout(amount % 50).then(() => response.writeHead(isDown ? 503 : 200).end(answers.get(key)))
})
service.listen(0, '127.0.0.1')
await once(service, 'listening')
const address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`

const builder = new StreamsBuilder()
builder
  .stream(orders)
  .mapAsync(
    async ({ value: amount }, { id, signal }) => {
      const response = await fetch(`${address}/?amount=${amount}`, { headers: { 'idempotency-key': id }, signal })
      if (!response.ok) throw new Error(`the service says ${response.status}`)
      return { amount, risk: await response.text() }
    },
    { concurrency: 8, timeoutMs: seconds(5), retries: 5 },
  )
  .to(rated)

const dir = './data/async-enrichment'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
const amounts = Array.from({ length: 20 }, (_, at) => (at * 137) % 1_000)
await log.producer().sendMany(
  orders,
  amounts.map((value, at) => ({ key: `order-${at}`, value })),
)

await using app = await startStreams(builder.build(), { log, applicationId: 'rating' })
await app.caughtUp()
let count = 0
for await (const { key, value } of log.read(rated, { follow: false })) {
  if (count++ < 5) console.log(key, value.amount, value.risk)
}
console.log(`${count} of ${amounts.length} orders rated, in order; ${answers.size} ratings made`)
