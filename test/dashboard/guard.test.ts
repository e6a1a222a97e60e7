// Who may ask the dashboard what: each rule with the attack that it is there for.
import { createHash } from 'node:crypto'
import { connect, Server } from 'node:net'
import { once } from 'node:events'
import { dashboard } from 'millrace/dashboard'
import { describe, expect, test, vi } from 'vitest'
import { ask, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'

const token = 'a-token-of-24-characters'

describe('where it listens', () => {
  test('it is reached from this machine only, unless it has a token', async () => {
    const { log } = openTestLog()
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org', 'localhost.example.org', '127.example.org']) {
      expect(await rejectionOf(dashboard(log, { port: 0, host }))).toMatchObject({ code: 'bad_option' })
    }
    const opened = await openDashboard(log)
    expect(opened.url).toBe(`http://127.0.0.1:${opened.port}/`)
    expect(await openDashboard(log, { host: '0.0.0.0', token })).toBeDefined()
  })

  test('a token that can be guessed, or fits into no header, is refused', async () => {
    const { log } = openTestLog()
    for (const bad of ['', 'short', 'fifteen-charact', 'with a space in the middle', 'ümlautümlautümlaut', 7]) {
      const given = dashboard(log, { port: 0, token: bad as string })
      expect(await rejectionOf(given)).toMatchObject({ code: 'bad_option' })
    }
  })

  test('options that make no sense are refused, and so is a port that is taken', async () => {
    const { log } = openTestLog()
    const { port } = await openDashboard(log)
    const all = [{ port: -1 }, { port: 65_536 }, { host: 'a b' }, { host: 'a:80/x' }, { hosts: ['http://x'] }, { port }]
    for (const options of all) expect(await rejectionOf(dashboard(log, options))).toMatchObject({ code: 'bad_option' })
    const unknown = dashboard(log, { prot: 1 } as object)
    expect((await rejectionOf(unknown)).message).toContain('prot')
  })
})

test('connections that the machine has no room for end neither the dashboard nor the process around it', async () => {
  const { log } = openTestLog()
  const listening = vi.spyOn(Server.prototype, 'listen')
  const opened = await openDashboard(log)
  const [server] = listening.mock.contexts as Server[]
  listening.mockRestore()
  for (let i = 0; i < 2; i++) {
    expect(server?.emit('error', Object.assign(new Error('accept ENFILE'), { code: 'ENFILE' }))).toBe(true)
  }
  expect((await ask(opened, '/api/overview')).status).toBe(200)
})

describe('the host of a request', () => {
  test('is one of ours: a name that an attacker lets mean this address is refused', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { hosts: ['Proxy.example.org'] })
    const { port } = opened
    const ours = [
      `localhost:${port}`,
      `127.0.0.1:${port}`,
      '[::1]',
      'localhost',
      'localhost:8080',
      'LOCALHOST',
      'proxy.example.org',
    ]
    for (const host of ours) expect([host, (await ask(opened, '/api/overview', { host })).status]).toEqual([host, 200])
    const foreign = [
      'evil.example.org',
      `evil.example.org:${port}`,
      'localhost.evil.example.org',
      '127.0.0.1.evil.example.org',
      'evil.example.org#localhost',
      'localhost@evil.example.org',
      '192.0.2.1',
    ]
    for (const host of foreign) {
      expect([host, (await ask(opened, '/api/overview', { host })).status]).toEqual([host, 403])
      expect([host, (await ask(opened, '/', { host })).status]).toEqual([host, 403])
    }
  })

  test('may be any address where it listens at all of them, and no name', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { host: '0.0.0.0', token })
    const authorization = `Bearer ${token}`
    expect(await ask(opened, '/api/overview', { host: '192.0.2.1', authorization })).toMatchObject({ status: 200 })
    expect(await ask(opened, '/api/overview', { host: 'evil.org', authorization })).toMatchObject({ status: 403 })
  })

  test('is needed: one without, or with two, gets nothing', async () => {
    const { log } = openTestLog()
    const { port } = await openDashboard(log)
    for (const hosts of ['', 'Host: localhost\r\nHost: evil.example.org\r\n']) {
      const socket = connect(port, '127.0.0.1')
      socket.setEncoding('utf8')
      socket.end(`GET /api/overview HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`)
      const [first] = (await once(socket, 'data')) as [string]
      expect(first).toMatch(/^HTTP\/1\.1 4\d\d /)
      socket.destroy()
    }
  })
})

describe('the token', () => {
  test('is asked for by every address, the page and its files too', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { token })
    for (const path of ['/', '/topics/x', '/api/overview', '/api/live', '/api/topics/x/tail', '/api/nowhere']) {
      expect([path, (await ask(opened, path)).status]).toEqual([path, 401])
    }
    const wrong = [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, token, 'Bearer', 'Bearer  ']
    for (const authorization of wrong) {
      expect([authorization, (await ask(opened, '/api/overview', { authorization })).status]).toEqual([
        authorization,
        401,
      ])
    }
    expect(await ask(opened, '/api/overview', { authorization: `Bearer ${token}` })).toMatchObject({ status: 200 })
  })

  test('is asked for by a form that says when it was wrong, and that leads where the address led', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { token })
    const first = await ask(opened, '/topics/clicks?key=a%26b&text=%22%3E%3Cscript%3E')
    expect(first.text).toContain('needs a token')
    expect(first.text).toContain('<input type="hidden" name="key" value="a&amp;b">')
    expect(first.text).toContain('<input type="hidden" name="text" value="&quot;&gt;&lt;script&gt;">')
    const second = await ask(opened, `/topics/clicks?key=a&token=${token}x`)
    expect(second.text).toContain('That is not the token of this dashboard.')
    expect(second.text).toContain('name="key" value="a"')
    expect(second.text).not.toContain(token)
    // Its style is the only thing that its policy lets it have.
    const [, style = ''] = /<style>([^]*)<\/style>/.exec(second.text) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(second.headers['content-security-policy']).toContain(`default-src 'none'; style-src 'sha256-${hash}'; `)
  })

  test('in an address becomes a cookie that no script and no other site can use, and leaves the address', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { token })
    const { status, headers } = await ask(opened, `/topics/clicks?token=${token}&key=a%26b`)
    expect([status, headers.location]).toEqual([303, '/topics/clicks?key=a%26b'])
    const [cookie = ''] = headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^millrace_\d+=[\da-f]{64}; HttpOnly; SameSite=Strict; Path=\/$/)
    expect(cookie).not.toContain(token)
    const [pair = ''] = cookie.split(';')
    expect(await ask(opened, '/api/overview', { cookie: `a=b; ${pair}` })).toMatchObject({ status: 200 })
    for (const forged of [pair.slice(0, -1), `${pair}0`, pair.replace('_', '-'), `${pair.split('=')[0]}=${token}`]) {
      expect(await ask(opened, '/api/overview', { cookie: forged })).toMatchObject({ status: 401 })
    }
  })

  test('in an address never leads to another host, and does not open the API', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { token })
    const { headers } = await ask(opened, `/%2Fevil.example.org?token=${token}`)
    expect(headers.location).toBe('/%2Fevil.example.org')
    for (const path of [
      '//evil.example.org/',
      '/\\evil.example.org/',
      '/.//evil.example.org/',
      '/x/..//evil.example.org/',
    ]) {
      expect([path, (await ask(opened, `${path}?token=${token}`)).status]).toEqual([path, 400])
    }
    expect(await ask(opened, `/api/overview?token=${token}`)).toMatchObject({ status: 401 })
    expect(await ask(opened, `http://evil.example.org/?token=${token}`)).toMatchObject({ status: 400 })
  })

  test('of another dashboard on this machine does not open this one, though browsers send its cookie', async () => {
    const { log } = openTestLog()
    const [one, other] = [await openDashboard(log, { token }), await openDashboard(log, { token: `${token}-2` })]
    const { headers } = await ask(other, `/?token=${token}-2`)
    const [pair = ''] = (headers['set-cookie'] ?? [''])[0]?.split(';') ?? []
    expect(await ask(one, '/api/overview', { cookie: pair })).toMatchObject({ status: 401 })
  })
})

describe('a request that another site caused', () => {
  test('is refused, whatever it asks for; only a link may open the page', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log)
    const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
    for (const path of ['/api/overview', '/api/live', '/', '/topics']) {
      expect([path, (await ask(opened, path, embedded)).status]).toEqual([path, 403])
      const sameSite = { ...embedded, 'sec-fetch-site': 'same-site' } // another port of this machine
      expect([path, (await ask(opened, path, sameSite)).status]).toEqual([path, 403])
      for (const origin of ['https://evil.example.org', 'null', `http://127.0.0.1:${opened.port + 1}`]) {
        expect([path, origin, (await ask(opened, path, { origin })).status]).toEqual([path, origin, 403])
      }
    }
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect((await ask(opened, '/topics', link)).status).not.toBe(403)
    expect(await ask(opened, '/api/overview', link)).toMatchObject({ status: 403 })
    expect(await ask(opened, '/', { ...link, 'sec-fetch-dest': 'iframe' })).toMatchObject({ status: 403 })
    const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
    expect(await ask(opened, '/api/overview', own)).toMatchObject({ status: 200 })
  })

  test('cannot change anything: nothing but GET is answered', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log)
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, headers } = await ask(opened, '/api/overview', {}, method)
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD'])
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
  })
})

test('a request for the head of what never ends, ends', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log)
  expect(await ask(opened, '/api/live', {}, 'HEAD')).toMatchObject({ status: 200, text: '' })
})

/** Of the page, and of the form that asks for the token, which needs a style alone. */
const policies = /^default-src 'none'; (?:script-src 'self'; style-src 'self'|style-src 'sha256-[\w+/]+='); /

test('every answer runs no script but ours, is in no frame, and tells no other site where it was', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log, { token })
  const authorization = `Bearer ${token}`
  for (const path of ['/', '/api/overview', '/api/nowhere', '/api/topics/none']) {
    for (const headers of [{ authorization }, {}, { authorization, host: 'evil.example.org' }]) {
      const answer = await ask(opened, path, headers)
      expect(answer.headers).toMatchObject({
        'content-security-policy': expect.stringMatching(policies),
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      })
      expect(answer.headers['content-security-policy']).not.toMatch(/unsafe|\*|http/)
    }
  }
})
