// What an attacker sends that no browser would: odd requests, addresses that lead elsewhere, names that are not ours, and
// tokens that are wrong or old. The dashboard answers each with a refusal, and the next one as if nothing had been.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Dashboard, DashboardOptions } from 'millrace/dashboard'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { AnswersMadeOnce } from '../../src/dashboard/answers-made-once.ts'
import { Comparisons } from '../../src/dashboard/comparisons.ts'
import { Probes } from '../../src/dashboard/health.ts'
import { checkDashboardOptions } from '../../src/dashboard/options.ts'
import { PageFiles } from '../../src/dashboard/page-files.ts'
import { DashboardServer } from '../../src/dashboard/server.ts'
import { Watch } from '../../src/dashboard/watch.ts'
import { ask, askRaw, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const token = 'a-token-of-24-characters'

async function open(options?: DashboardOptions): Promise<Dashboard> {
  const { log } = openTestLog()
  return openDashboard(log, options)
}

/** The status of what came back; 0 for a connection that was closed without an answer. */
function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0)
}

const close = 'Connection: close\r\n\r\n'
const host = 'Host: localhost\r\n'

describe('a request that is none', () => {
  test.each<readonly [string, string, readonly number[]]>([
    ['garbage', '\u0000\u0001\u0002\r\n\r\n', [400]],
    ['a method that there is not', `NOSUCH / HTTP/1.1\r\n${host}${close}`, [400]],
    ['a version that there is not', `GET / HTTP/9.9\r\n${host}${close}`, [400, 505]],
    ['TRACE, which would echo a cookie', `TRACE /api/overview HTTP/1.1\r\n${host}Cookie: a=b\r\n${close}`, [405]],
    ['CONNECT, which would make it a proxy', `CONNECT example.org:443 HTTP/1.1\r\n${host}${close}`, [0]],
    ['the address of another host', `GET http://example.org/ HTTP/1.1\r\n${host}${close}`, [400]],
    ['an address without a path', `GET * HTTP/1.1\r\n${host}${close}`, [400]],
    [
      'two lengths, of which a proxy may take the other',
      `GET / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n${close}`,
      [400],
    ],
    [
      'a length and chunks',
      `GET / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n${close}`,
      [400],
    ],
    ['a header that is folded', `GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n${close}`, [400, 503, 200]],
    ['a very long address', `GET /${'x'.repeat(13_000)} HTTP/1.1\r\n${host}${close}`, [400]],
    [
      'an address that is longer than all headers may be',
      `GET /${'x'.repeat(70_000)} HTTP/1.1\r\n${host}${close}`,
      [0, 431],
    ],
    ['a very long header', `GET / HTTP/1.1\r\n${host}X: ${'x'.repeat(70_000)}\r\n${close}`, [0, 431]],
    ['very many headers', `GET / HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(20_000)}${close}`, [0, 431]],
  ])('is refused: %s', async (_, sent, statuses) => {
    const opened = await open()
    expect(statuses).toContain(statusOf(await askRaw(opened, sent)))
    expect((await ask(opened, '/api/overview')).status).toBe(200)
  })

  test('is answered as a question where it asks for a WebSocket: nothing here speaks another protocol', async () => {
    const opened = await open()
    const upgrade =
      'Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n'
    for (const path of ['/api/live', '/api/overview']) {
      const answer = await askRaw(
        opened,
        `GET ${path} HTTP/1.1\r\n${host}Origin: https://evil.example.org\r\n${upgrade}\r\nGET / HTTP/1.1\r\n${close}`,
      )
      expect(statusOf(answer)).toBe(403)
    }
  })
})

describe('an address', () => {
  /** A page of three files, with a secret beside it. */
  async function servePage(): Promise<Dashboard> {
    const dir = temporaryDirectory()
    mkdirSync(join(dir, 'page/assets'), { recursive: true })
    writeFileSync(join(dir, 'page/index.html'), '<!doctype html><title>the page</title>')
    writeFileSync(join(dir, 'page/assets/main.js'), 'script()')
    writeFileSync(join(dir, 'page/notes.txt'), 'a secret')
    writeFileSync(join(dir, 'secret.js'), 'a secret')
    const { log } = openTestLog()
    const watch = new Watch(log, systemClock)
    const comparisons = new Comparisons(log, systemClock)
    const probes = new Probes(log, systemClock, watch)
    const server = new DashboardServer(
      checkDashboardOptions({ port: 0 }),
      { log, clock: systemClock, watch, comparisons, probes, plans: new AnswersMadeOnce(), mayChange: false },
      new PageFiles(pathToFileURL(`${dir}/page/`)),
    )
    await server.listen()
    const closing = async (): Promise<void> => {
      await watch.close()
      await comparisons.close()
      await server.close()
    }
    onTestFinished(closing)
    return { url: '', port: server.port, close: closing, [Symbol.asyncDispose]: closing }
  }

  test('never leads out of the page, however it is written', async () => {
    const opened = await servePage()
    expect(await ask(opened, '/assets/main.js')).toMatchObject({ status: 200, text: 'script()' })
    const ways = [
      '/../secret.js',
      '/assets/../../secret.js',
      '/%2e%2e/secret.js',
      '/assets/%2e%2e/%2e%2e/secret.js',
      '/..%2fsecret.js',
      '/%2e%2e%2fsecret.js',
      '/..%5csecret.js',
      '/..\\secret.js',
      '/%252e%252e/secret.js',
      '/%c0%ae%c0%ae/secret.js',
      '/secret.js%00.html',
      '/%00/../secret.js',
      '/notes.txt',
      '/.git/config',
      '/etc/passwd',
      '/assets',
      '/assets/',
      '/assets/main.js/',
      '/assets/main.js%00',
      '/__proto__',
      '/constructor',
    ]
    for (const way of ways) {
      const answer = await askRaw(opened, `GET ${way} HTTP/1.1\r\n${host}${close}`)
      expect([way, statusOf(answer), /secret\b(?!\.)/.test(answer)]).toEqual([way, 200, false])
      expect([way, answer]).toEqual([way, expect.stringContaining('<title>the page</title>')])
    }
    for (const way of ['//etc/passwd', '/\\etc', '/x/..//secret.js']) {
      expect([way, statusOf(await askRaw(opened, `GET ${way} HTTP/1.1\r\n${host}${close}`))]).toEqual([way, 400])
    }
  })

  test('of the API that makes no sense is refused, and never fails', async () => {
    const opened = await open()
    const ways = [
      '%',
      '%zz',
      '%00',
      '%E0%A4%A',
      'topics/%2e%2e',
      'topics/..%2f..',
      'topics/%00',
      'topics/%ff',
      '__proto__',
    ]
    for (const way of ways) {
      const answer = await askRaw(opened, `GET /api/${way} HTTP/1.1\r\n${host}${close}`)
      expect([way, statusOf(answer)]).toEqual([way, expect.toSatisfy((status) => status === 400 || status === 404)])
      expect(answer).toContain('application/json; charset=utf-8')
    }
  })

  test('tells what it answers with by its type, which no browser guesses', async () => {
    const opened = await servePage()
    const typeOf = async (path: string): Promise<string | undefined> =>
      (await ask(opened, path)).headers['content-type']
    expect(await typeOf('/')).toBe('text/html; charset=utf-8')
    expect(await typeOf('/topics/x')).toBe('text/html; charset=utf-8')
    expect(await typeOf('/assets/main.js')).toBe('text/javascript; charset=utf-8')
    expect(await typeOf('/api/overview')).toBe('application/json; charset=utf-8')
    expect(await typeOf('/api/nowhere')).toBe('application/json; charset=utf-8')
    for (const path of ['/', '/assets/main.js', '/api/overview', '/api/nowhere', '//']) {
      expect((await ask(opened, path)).headers['x-content-type-options']).toBe('nosniff')
    }
  })

  test('may be asked for its head alone, with the same status and no body', async () => {
    const opened = await servePage()
    for (const path of ['/', '/assets/main.js', '/api/overview', '/api/nowhere']) {
      const [head, whole] = [await ask(opened, path, {}, 'HEAD'), await ask(opened, path)]
      expect([path, head.status, head.text, head.headers['content-type']]).toEqual([
        path,
        whole.status,
        '',
        whole.headers['content-type'],
      ])
    }
  })
})

describe('a name that means this address today', () => {
  test('is refused whatever is done to make it look like ours', async () => {
    const opened = await open()
    const { port } = opened
    const refused = [
      'localhost.',
      `localhost.:${port}`,
      '127.0.0.1.',
      '127.1',
      '127.999.999.999',
      '0.0.0.0',
      `0.0.0.0:${port}`,
      '0x7f000001',
      '2130706433',
      '0177.0.0.1',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::1',
      '::1',
      '[::1]evil',
      'localhost:port',
      'localhost:1:2',
      'localhost:123456',
      'localhost,evil.example.org',
      'localhost evil',
      'loca\u017fthost',
      'a.localhost',
    ]
    for (const name of refused) {
      const sent = `GET /api/overview HTTP/1.1\r\nHost: ${name}\r\n${close}`
      expect([name, statusOf(await askRaw(opened, sent))]).toEqual([
        name,
        expect.toSatisfy((status) => status === 403 || status === 400),
      ])
    }
    for (const name of ['LOCALHOST', 'LocalHost:1', '127.0.0.2', '[::1]:65535', '[0:0:0:0:0:0:0:1]']) {
      const sent = `GET /api/overview HTTP/1.1\r\nhOsT: ${name}\r\n${close}`
      const wanted = name === '[0:0:0:0:0:0:0:1]' ? 403 : 200
      expect([name, statusOf(await askRaw(opened, sent))]).toEqual([name, wanted])
    }
  })

  test('is not taken from any other header, and neither is who asks', async () => {
    const opened = await open({ token })
    for (const header of ['X-Forwarded-Host: localhost', 'Forwarded: host=localhost', 'X-Original-URL: /']) {
      const evil = `GET /api/overview HTTP/1.1\r\nHost: evil.example.org\r\n${header}\r\n${close}`
      expect(statusOf(await askRaw(opened, evil))).toBe(403)
    }
    for (const header of ['X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 127.0.0.1', 'X-HTTP-Method-Override: GET']) {
      const evil = `GET /api/overview HTTP/1.1\r\n${host}${header}\r\n${close}`
      expect(statusOf(await askRaw(opened, evil))).toBe(401)
    }
  })
})

describe('a token', () => {
  test('that is no longer the token leaves a cookie that opens nothing', async () => {
    const { log } = openTestLog()
    const before = await openDashboard(log, { token })
    const [cookie = ''] = (await ask(before, `/?token=${token}`, { connection: 'close' })).headers['set-cookie'] ?? []
    const [pair = ''] = cookie.split(';')
    expect((await ask(before, '/api/overview', { cookie: pair, connection: 'close' })).status).toBe(200)
    await before.close()
    const after = await openDashboard(log, { port: before.port, token: `${token}-new` })
    expect((await ask(after, '/api/overview', { cookie: pair })).status).toBe(401)
  })

  test('is looked for where it belongs only, once, and whole', async () => {
    const opened = await open({ token })
    const wrong = [
      `Authorization: Bearer ${token}\r\nAuthorization: Bearer x`,
      `Authorization: Bearer ${token.slice(0, -1)}`,
      `Authorization: Bearer ${token}, x`,
      `Authorization: Bearer ${token} x`,
      `Authorization: ${token}`,
      `Cookie: millrace_${opened.port}=${token}`,
      `Cookie: millrace_${opened.port}=`,
      `Cookie: ${'a=b; '.repeat(500)}millrace_${opened.port}=x`,
      `X-Token: ${token}`,
    ]
    for (const header of wrong) {
      const sent = `GET /api/overview HTTP/1.1\r\n${host}${header}\r\n${close}`
      // Of two headers with a token the first one counts, as anywhere.
      const wanted = header.includes('Bearer x') ? 200 : 401
      expect([header, statusOf(await askRaw(opened, sent))]).toEqual([header, wanted])
    }
  })

  test('in an address is told to no one: not to the next site, not to a log, not in an answer', async () => {
    const written = [
      vi.spyOn(process.stdout, 'write'),
      vi.spyOn(process.stderr, 'write'),
      vi.spyOn(process, 'emitWarning'),
    ]
    onTestFinished(() => written.forEach((spy) => spy.mockRestore()))
    const opened = await open({ token })
    const wrong = token.replace('token', 'guess')
    const paths = [
      `/?token=${token}`,
      `/topics?token=${token}`,
      `/?token=${wrong}`,
      `/api/overview?token=${token}`,
      '/%?token=',
    ]
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const { headers, text } = await ask(opened, path, {}, method)
        expect([path, headers['referrer-policy']]).toEqual([path, 'no-referrer'])
        for (const told of [text, JSON.stringify(headers)]) {
          expect(told).not.toContain(token)
          expect(told).not.toContain(wrong)
        }
        if (headers.location !== undefined) expect(headers['cache-control']).toBe('no-store')
      }
    }
    const told = written.flatMap((spy) => spy.mock.calls.flat().map(String)).join('')
    expect(told).not.toContain(token)
    expect(told).not.toContain(wrong)
  })
})

test('another site that browsers tell of by the page alone gets nothing but the page', async () => {
  const opened = await open()
  for (const referer of ['http://evil.example.org/', `http://127.0.0.1:${opened.port + 1}/x`, 'nonsense']) {
    expect([referer, (await ask(opened, '/api/overview', { referer })).status]).toEqual([referer, 403])
    expect([referer, (await ask(opened, '/topics', { referer })).status]).not.toEqual([referer, 403])
  }
  const own = `http://127.0.0.1:${opened.port}/topics`
  expect((await ask(opened, '/api/overview', { referer: own })).status).toBe(200)
})

test('the policy of what a page may do names every kind, and no place but ours', async () => {
  const opened = await open({ token })
  const { headers } = await ask(opened, '/api/overview')
  const policy = new Map(
    String(headers['content-security-policy'])
      .split('; ')
      .map((rule) => [rule.split(' ')[0], rule.split(' ').slice(1).join(' ')]),
  )
  expect(Object.fromEntries(policy)).toEqual({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'connect-src': "'self'",
    'img-src': "'self' data:",
    'frame-ancestors': "'none'",
    'base-uri': "'none'",
    'form-action': "'self'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
  })
})
