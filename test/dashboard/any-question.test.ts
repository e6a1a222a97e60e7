// Whatever is asked, the dashboard answers it or says what is wrong with it: no question ends in a failure or hangs.
import { Agent, request } from 'node:http'
import fc from 'fast-check'
import {
  bytes,
  int64,
  json,
  keyValueStore,
  type Log,
  nullable,
  SessionWindows,
  string,
  TimeWindows,
  topic,
  tuple,
  versionedStore,
  windowStore,
  sessionStore,
} from 'millrace'
import type { Dashboard } from 'millrace/dashboard'
import { expect, onTestFinished, test } from 'vitest'
import { start } from '../support/applications.ts'
import { askRaw, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'

const raw = topic('raw', { key: nullable(bytes()), value: nullable(bytes()) })
const clicks = topic('clicks', { key: tuple(string(), int64()), value: json<{ page: string }>(), partitions: 3 })
const prices = topic('prices', { key: string(), value: int64() })

/** A store of every kind, under keys of several. */
const topology = topologyOf((builder) => {
  const pages = builder.stream(clicks).groupBy(({ value }) => value.page, { key: string() })
  pages.count({ store: keyValueStore('totals', { key: string(), value: int64() }) })
  pages
    .windowedBy(TimeWindows.of({ size: 1_000 }))
    .count({ name: 'windows', store: windowStore('windows', { key: string(), value: int64() }) })
  pages
    .windowedBy(SessionWindows.of({ gap: 500 }))
    .count({ name: 'sessions', store: sessionStore('sessions', { key: string(), value: int64() }) })
  builder
    .stream(clicks)
    .groupByKey()
    .count({ name: 'pairs', store: keyValueStore('pairs', { key: tuple(string(), int64()), value: int64() }) })
  builder.table(prices, { store: versionedStore('prices', { key: string(), value: int64(), historyMs: 1_000 }) })
})

async function worldOf(log: Log): Promise<Dashboard> {
  const producer = log.producer()
  await producer.sendMany(
    clicks,
    Array.from({ length: 30 }, (_, at) => ({
      key: [`u${at % 4}`, at],
      value: { page: `/${at % 3}` },
      timestamp: at * 100,
    })),
  )
  await producer.sendMany(prices, [{ key: 'a', value: 1, timestamp: 5 }])
  await producer.sendMany(raw, [
    { key: null, value: null },
    { key: Buffer.from([0xff]), value: Buffer.from('[[[1]]]') },
    { key: Buffer.from('\u0000<script>'), value: Buffer.from('{"a":1}'), headers: [{ key: '\u202e', value: null }] },
  ])
  const app = await start(log, topology, { applicationId: 'shop' })
  await app.caughtUp()
  return openDashboard(log)
}

/** What a parameter may be: as the page sends it, nearly so, or nothing of the kind. */
const texts = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '1',
    '2',
    '-1',
    '1e9',
    '0x1',
    '1.5',
    ' 1',
    '9'.repeat(15),
    '9007199254740992',
    '9'.repeat(400),
  ),
  fc.constantFrom('0-0', '0-1.2', '0-', '-', '.', '0-zzzzzzzzzzz', '7-7', `0-${'1.'.repeat(500)}1`, '999999999-1'),
  fc.constantFrom(
    'null',
    '[]',
    '["u1",3]',
    '[null]',
    '{}',
    '"a',
    '{"hex":"zz"}',
    '{"hex":"00"}',
    '"\\ud800"',
    '[1,[2]]',
  ),
  fc.constantFrom('u1', '/1', '\u0000', '\u202e', '<script>', 'a'.repeat(3_000), '[[['.repeat(500), '__proto__'),
  fc.nat().map(String),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.json({ maxDepth: 3 }),
)

const names = [
  ['partition', 'offset', 'time', 'older', 'newer', 'key', 'text', 'limit'],
  ['from', 'to', 'prefix', 'fromTime', 'toTime', 'asOf', 'detail', 'token', '__proto__'],
]
const queries = fc
  .array(fc.tuple(fc.constantFrom(...names.flat()), texts), { maxLength: 5 })
  .map((pairs) => pairs.map(([name, text]) => `${name}=${encodeURIComponent(text)}`).join('&'))

const part = (...known: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: texts.map((text) => encodeURIComponent(text.slice(0, 300))) },
  )
const topics = part('clicks', 'raw', 'prices', 'none')
const applications = part('shop', 'none')
const paths = fc.oneof(
  fc.tuple(fc.constant('topics'), topics, fc.constant('records')),
  fc.tuple(fc.constant('topics'), topics, fc.constant('records'), part('0', '1', '9'), part('0', '1', '2', '99')),
  fc.tuple(fc.constant('topics'), topics),
  fc.tuple(fc.constant('stores'), applications, part('totals', 'windows', 'sessions', 'pairs', 'prices', 'none')),
  fc.tuple(fc.constant('applications'), applications, part('v1', 'v2')),
  fc.tuple(fc.constant('applications'), applications, part('v1', 'v2'), fc.constant('stores')),
  fc.tuple(fc.constant('groups'), part('shop', 'none')),
  fc.tuple(fc.constant('overview')),
  fc.array(
    texts.map((text) => encodeURIComponent(text.slice(0, 300))),
    { maxLength: 6 },
  ),
)

test('any question is answered, or refused with what was expected', async () => {
  const { log } = openTestLog()
  const { port } = await worldOf(log)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const asked = (path: string): Promise<{ status: number; type: string | undefined; text: string }> =>
    new Promise((resolve, reject) => {
      const asking = request({ host: '127.0.0.1', port, path, agent }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (some: string) => (text += some))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text }),
        )
      })
      asking.on('error', reject)
      asking.end()
    })
  await fc.assert(
    fc.asyncProperty(paths, queries, async (parts, query) => {
      const { status, type, text } = await asked(`/api/${parts.join('/')}?${query}`)
      expect([200, 400, 404]).toContain(status)
      expect(type).toBe('application/json; charset=utf-8')
      const answer = JSON.parse(text) as { error?: { code: unknown; message: unknown } }
      if (status !== 200) expect(answer.error).toMatchObject({ code: expect.any(String), message: expect.any(String) })
      expect(text).not.toMatch(/is not a function|Cannot read|undefined|Maximum call stack/)
    }),
    { numRuns: 400 },
  )
})

test('any bytes are answered or cut off, and the next one is answered as if they had not been', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log)
  const lines = fc.constantFrom('GET / HTTP/1.1', 'GET /api/overview HTTP/1.1', 'POST / HTTP/1.1', 'Host: localhost')
  const pieces = fc.oneof(
    lines,
    fc.constantFrom('\r\n', '\n', ': ', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
    texts,
  )
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), async (sent) => {
      // However it was meant, what follows ends it.
      const end = `\r\n\r\n0\r\n\r\n${'\u0000'.repeat(8)}\r\n\r\n`
      const answer = await askRaw(opened, `${sent.join('\r\n')}${end}`)
      expect(answer).toMatch(/^$|^HTTP\/1\.1 (?:200|400|403|405|413|417|431|503) /)
      expect(answer).not.toContain('HTTP/1.1 500')
    }),
    { numRuns: 60 },
  )
})
