/**
 * Queries over HTTP: POST /pages/NAME records a visit, GET /pages/NAME and GET /pages answer from the state.
 */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { int64, keyValueStore, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'

const visits = topic('visits', { key: string(), value: string() })
const counts = keyValueStore('counts', { key: string(), value: int64() })
const builder = new StreamsBuilder()
builder.stream(visits).groupByKey().count({ store: counts })

const dir = './data/http-queries'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
await using app = await startStreams(builder.build(), { log, applicationId: 'visits' })
const producer = log.producer()

/** The answer's status and body. */
async function answer({ method, url = '', headers }: IncomingMessage): Promise<readonly [number, unknown]> {
  const [, pages, page] = url.split('/')
  if (pages !== 'pages') return [404, { error: 'there are only /pages and /pages/NAME' }]
  if (method === 'POST' && page) {
    const visit = await producer.send(visits, { key: page, value: headers['user-agent'] ?? '' })
    return [201, visit] // the visit is on the disk; its count follows within commit.everyMs
  }
  if (method !== 'GET') return [405, { error: 'GET or POST' }]
  if (!page) return [200, Object.fromEntries([...app.store(counts).range()].map(({ key, value }) => [key, value]))]
  const visited = app.store(counts).get(page)
  return visited === undefined ? [404, { error: 'nobody was there' }] : [200, { page, visited }]
}

await using server = createServer((request, response) => {
  void answer(request)
    .catch((error: unknown) => [500, { error: String(error) }] as const)
    .then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    )
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/pages`)

await Promise.race([once(process, 'SIGINT'), app.stopped]) // until Ctrl-C, or until the application fails
