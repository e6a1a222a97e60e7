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
import type { Dashboard, DashboardOptions } from 'millrace/dashboard'
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

async function worldOf(log: Log, options: DashboardOptions = {}): Promise<Dashboard> {
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
  return openDashboard(log, options)
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
  ['partition', 'offset', 'time', 'older', 'newer', 'key', 'text', 'limit', 'reason', 'operator', 'topic', 'outputs'],
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
  fc.tuple(fc.constant('dead-letters'), applications, fc.constantFrom('letters', 'reasons')),
  fc.tuple(fc.constant('dead-letters'), applications, fc.constant('letters'), part('0', '9'), part('0', '9')),
  fc.tuple(fc.constant('replays'), applications),
  fc.tuple(fc.constant('replays'), applications, part('v1', 'v2'), fc.constant('comparison')),
  fc.tuple(fc.constant('replays'), applications, part('v1'), fc.constant('plans'), part('switch', 'drop')),
  fc.tuple(fc.constantFrom('overview', 'changes')),
  fc.array(
    texts.map((text) => encodeURIComponent(text.slice(0, 300))),
    { maxLength: 6 },
  ),
)

interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly text: string
}

const token = 'a-token-of-24-characters'

/** Asks over one connection; with a body it is for a change. */
function asking(port: number): (path: string, body?: string) => Promise<Answer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return (path, body) =>
    new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST'
      const sent = request({ host: '127.0.0.1', port, path, agent, method, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (some: string) => (text += some))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text }),
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
}

function checkAnswer({ status, type, text }: Answer, statuses: readonly number[]): void {
  expect(statuses).toContain(status)
  expect(type).toBe('application/json; charset=utf-8')
  const answer = JSON.parse(text) as { error?: { code: unknown; message: unknown } }
  if (status !== 200) expect(answer.error).toMatchObject({ code: expect.any(String), message: expect.any(String) })
  expect(text).not.toMatch(/is not a function|Cannot read|Maximum call stack/)
}

test('any question is answered, or refused with what was expected', async () => {
  const { log } = openTestLog()
  const { port } = await worldOf(log)
  const asked = asking(port)
  await fc.assert(
    fc.asyncProperty(paths, queries, async (parts, query) => {
      // 405: a part "." goes from the address, and what is left may be that of a change.
      checkAnswer(await asked(`/api/${parts.join('/')}?${query}`), [200, 400, 404, 405])
    }),
    { numRuns: 400 },
  )
})

const places = fc.record(
  {
    partition: fc.oneof(fc.nat(2), fc.integer(), fc.double(), texts),
    offset: fc.oneof(fc.nat(3), fc.integer(), texts),
  },
  { requiredKeys: [] },
)
const bodies = fc.oneof(
  fc
    .record({ letters: fc.oneof(fc.array(places, { maxLength: 3 }), fc.jsonValue()) })
    .map((body) => JSON.stringify(body)),
  fc.record({ letter: places, value: fc.oneof(texts, fc.jsonValue()) }).map((body) => JSON.stringify(body)),
  fc
    .record({ filter: fc.jsonValue(), from: texts, upTo: texts }, { requiredKeys: ['filter'] })
    .map((body) => JSON.stringify(body)),
  fc.json(),
  fc.constantFrom('', '{', 'null', '[]', '{}', '{"__proto__":{"letters":[]}}', '['.repeat(50_000)),
  fc.constantFrom('{"letters":[null]}', '{"letters":[1]}', '{"letter":null,"value":"a"}', '{"filter":null}'),
)
const acts = fc.oneof(
  fc.tuple(fc.constant('dead-letters'), applications, fc.constant('send')),
  fc.tuple(fc.constant('replays'), applications, part('v1', 'v2'), part('switch', 'pause', 'resume', 'drop')),
)

test('any change that makes no sense is refused, and nothing is a failure', async () => {
  const { log } = openTestLog()
  const { port } = await worldOf(log, { allowChanges: true, token })
  const asked = asking(port)
  await fc.assert(
    fc.asyncProperty(acts, bodies, async (parts, body) => {
      checkAnswer(await asked(`/api/${parts.join('/')}`, body), [200, 400, 404, 405, 409])
    }),
    { numRuns: 200 },
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
